import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { Redis } from 'ioredis';
import { Ledger } from '../ledger.ts';
import { countingReceiverOf, type Receiver, receiverOf } from '../receiver.ts';
import { startRedis } from '../redis-server.ts';
import { FaultyBroker } from './faulty-broker.ts';
import {
  connectionTo,
  eachBroker,
  newQueue,
  pushNumbered,
  redisOfFile,
  SLOTS,
  startEngine,
  type TestQueue,
} from './running.ts';

const redis = redisOfFile();
const brokers = eachBroker();

/** Attempts and a lease as short as options allow, so that what lapses does so soon. */
const SHORT = { connectTimeoutMs: 200, readTimeoutMs: 200, totalTimeoutMs: 200, leaseMs: 500 };
/** A lease and attempts that do not end on a machine that is merely slow. */
const PATIENT = { connectTimeoutMs: 30_000, readTimeoutMs: 30_000, totalTimeoutMs: 30_000, leaseMs: 60_000 };
/** What an engine claims ahead at most. */
const CLAIMED = 1_024;

/** A receiver that keeps the ledger of numbered events. */
async function ledgerOf(t: TestContext, events: number): Promise<{ ledger: Ledger; receiver: Receiver }> {
  const ledger = new Ledger(events);
  const receiver = await countingReceiverOf(t, (body) => ledger.arrived(Number(body)));
  return { ledger, receiver };
}

/** An engine on a faulty connection of its own to a queue. */
async function faultyEngine(t: TestContext, queue: TestQueue, options: { leaseMs: number }) {
  const faults = new FaultyBroker(connectionTo(t, queue.broker, queue.queue, options.leaseMs));
  const running = await startEngine(t, queue, options, { broker: faults.broker });
  return { faults, ...running };
}

async function assertNothingLeft(queue: TestQueue): Promise<void> {
  deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
}

/** So many destinations that none holds more than it keeps: to be parked is a settlement, too. */
const NONE_PARKED = 200;

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`on ${name}, settlements that are refused for a while are applied afterwards, once`, async (t) => {
    const queue = await queueOf(t);
    const { ledger, receiver } = await ledgerOf(t, 1_000);
    const { faults, engine } = await faultyEngine(t, queue, PATIENT);
    faults.impose('refuse', 'settle');
    await pushNumbered(queue, receiver.origin, 1_000, NONE_PARKED);
    await receiver.until(() => ledger.delivered === 1_000);
    equal((await queue.watch.stats()).leased, 1_000);
    faults.lift();
    await engine.whenIdle();
    t.diagnostic(`${ledger}`);
    equal(ledger.duplicates, 0);
    await assertNothingLeft(queue);
  });

  test(`on ${name}, settlements whose reply is lost are not applied a second time`, async (t) => {
    const queue = await queueOf(t);
    const { ledger, receiver } = await ledgerOf(t, 500);
    const { faults, engine } = await faultyEngine(t, queue, PATIENT);
    faults.impose('lose-reply', 'settle');
    await pushNumbered(queue, receiver.origin, 500);
    await receiver.until(() => ledger.delivered === 500);
    faults.lift();
    await engine.whenIdle();
    equal(ledger.duplicates, 0);
    equal(engine.snapshot().delivered, 500);
    await assertNothingLeft(queue);
  });

  test(`on ${name}, a lease that was renewed though the reply was lost strands nothing`, async (t) => {
    const queue = await queueOf(t);
    const { ledger, receiver } = await ledgerOf(t, 1_000);
    const { faults, engine } = await faultyEngine(t, queue, SHORT);
    faults.impose('lose-reply', 'extend');
    await pushNumbered(queue, receiver.origin, 1_000);
    // Longer than the lease: renewals come three times in its life.
    await faults.untilMet('extend', 6);
    faults.lift();
    await engine.whenIdle();
    deepEqual(ledger.missing, []);
    await assertNothingLeft(queue);
  });

  test(`on ${name}, a lease that lapses loses nothing: another worker takes over, late settlements change nothing`, async (t) => {
    const queue = await queueOf(t);
    const events = 2_000;
    const { ledger, receiver } = await ledgerOf(t, events);
    const { faults, engine } = await faultyEngine(t, queue, SHORT);
    faults.impose('hang', 'extend', 'settle', 'reclaim');
    await pushNumbered(queue, receiver.origin, events);
    await receiver.until(() => ledger.delivered > SLOTS);
    const other = await startEngine(t, queue, SHORT);
    await receiver.until(() => ledger.delivered === events);
    faults.lift();
    await Promise.all([engine.whenIdle(), other.engine.whenIdle()]);
    t.diagnostic(`${ledger}`);
    await assertNothingLeft(queue);
  });
}

test('a pile of refused settlements stops claims, and their acceptance starts them again', async (t) => {
  const queue = await newQueue(t, redis.url);
  const events = 3_000;
  const { ledger, receiver } = await ledgerOf(t, events);
  const { faults, engine } = await faultyEngine(t, queue, PATIENT);
  faults.impose('refuse', 'settle');
  await pushNumbered(queue, receiver.origin, events, NONE_PARKED);
  await receiver.until(() => ledger.delivered === CLAIMED);
  deepEqual(await queue.watch.stats(), {
    ready: events - CLAIMED,
    leased: CLAIMED,
    delayed: 0,
    parked: 0,
    dead: 0,
  });
  faults.lift();
  await engine.whenIdle();
  equal(ledger.delivered, events);
  equal(ledger.duplicates, 0);
});

test('a Redis that is killed and restarted in the middle loses nothing that was accepted', async (t) => {
  const server = await startRedis({ aof: 'always' });
  t.after(() => server.stop());
  const queue = await newQueue(t, server.url);
  const events = 3_000;
  const { ledger, receiver } = await ledgerOf(t, events);
  const { engine } = await startEngine(t, queue, SHORT);
  await pushNumbered(queue, receiver.origin, events);
  for (const share of [0.2, 0.5, 0.8]) {
    await receiver.until(() => ledger.delivered >= share * events);
    await server.kill9();
    await server.restart();
  }
  await engine.whenIdle();
  t.diagnostic(`${ledger}`);
  deepEqual(ledger.missing, []);
  ok(ledger.duplicates <= 3 * (SLOTS + CLAIMED), `${ledger}`);
  await assertNothingLeft(queue);
});

test('a Redis that is stopped for longer than the lease and continued loses nothing', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const queue = await newQueue(t, server.url);
  const events = 3_000;
  const { ledger, receiver } = await ledgerOf(t, events);
  const { engine } = await startEngine(t, queue, SHORT);
  await pushNumbered(queue, receiver.origin, events);
  await receiver.until(() => ledger.delivered >= events / 2);
  process.kill(server.pid, 'SIGSTOP');
  // Twice the lease: what must pass is time itself.
  await new Promise((resolve) => setTimeout(resolve, 2 * SHORT.leaseMs));
  process.kill(server.pid, 'SIGCONT');
  await engine.whenIdle();
  t.diagnostic(`${ledger}`);
  deepEqual(ledger.missing, []);
  await assertNothingLeft(queue);
});

test('connections cut in the middle of claims orphan nothing', async (t) => {
  const queue = await newQueue(t, redis.url);
  const events = 3_000;
  const { ledger, receiver } = await ledgerOf(t, events);
  const { engine } = await startEngine(t, queue, SHORT);
  const admin = new Redis(redis.url);
  t.after(() => admin.disconnect());
  await pushNumbered(queue, receiver.origin, events);
  for (let cut = 1; cut <= 5; cut++) {
    await receiver.until(() => ledger.delivered >= (cut * events) / 6);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }
  await engine.whenIdle();
  t.diagnostic(`${ledger}`);
  deepEqual(ledger.missing, []);
  ok(ledger.duplicates <= 5 * (SLOTS + CLAIMED), `${ledger}`);
  await assertNothingLeft(queue);
});

test('what the reaper finds in front of it was left by a worker that is gone: it is delivered under the ids it had', async (t) => {
  const queue = await newQueue(t, redis.url);
  const receiver = await receiverOf(t);
  const gone = connectionTo(t, redis.url, queue.queue, 500);
  await gone.open();
  await queue.push({ url: receiver.origin, type: 't', payload: randomUUID() });
  const [claim] = await gone.reserve(10, 1e6);
  const { engine } = await startEngine(t, queue, SHORT);
  await engine.whenIdle();
  equal(receiver.requests[0]!.headers['x-webhook-id'], claim!.mintedId);
  equal((await gone.settle([{ kind: 'ack', claim: claim! }])).late, 1);
});

test('a worker that starts on a Redis that is full drains it', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const queue = await newQueue(t, server.url);
  const { ledger, receiver } = await ledgerOf(t, 500);
  const admin = new Redis(server.url);
  t.after(() => admin.quit());
  await pushNumbered(queue, receiver.origin, 500);
  await admin.config('SET', 'maxmemory', '1mb');
  await rejects(admin.lpush('anything', 'x'), /OOM/);
  equal((await queue.watch.stats()).ready, 500);
  const { engine } = await startEngine(t, queue, SHORT);
  await engine.whenIdle();
  equal(ledger.delivered, 500);
  await assertNothingLeft(queue);
});
