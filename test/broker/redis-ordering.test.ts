/** What only Redis can meet in ordered delivery: being full or killed, a ready list that others change, keys of other kinds. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Broker, Claim } from '../../src/broker/broker.ts';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { acks, BIG_BYTES, envelopes, letterOf, MANY, stats, texts, until } from './broker-testing.ts';
import { keyed } from './ordering.ts';
import { parks } from './parking.ts';

const LEASE_MS = 1_000;
/** A command that was on its way when the server was killed is given up after this. */
const TIMEOUT_MS = 500;
const mintToken = idMint(Date.now, randomBytes);

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

/** An open broker on a queue of its own, and a connection that does what no broker would. */
async function openOn(t: TestContext, { url }: RedisServer, leaseMs = 60_000, commandTimeoutMs = 10_000) {
  const queue = `queue-${randomUUID()}`;
  const broker: Broker = new RedisBroker(url, { queue, leaseMs, commandTimeoutMs, mintToken });
  const admin = new Redis(url);
  // A server that is killed is none of this connection's business.
  admin.on('error', () => {});
  t.after(() => broker.close());
  t.after(() => admin.disconnect());
  await broker.open();
  return { broker, admin, queue, tag: `{${queue}}` };
}

test('a Redis that is full still sets aside and passes on', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const { broker, admin } = await openOn(t, server);
  await broker.publish(numbers(6).map((number) => keyed('a', number)));
  await broker.publish(Array.from({ length: 500 }, () => Buffer.alloc(1_000, 'x')));
  await admin.config('SET', 'maxmemory', '1mb');
  await rejects(admin.lpush('anything', 'x'), /OOM/);
  const [first, ...others] = await broker.reserve(MANY, BIG_BYTES);
  await broker.settle([{ kind: 'release', claim: first! }, ...acks(others)]);
  for (const number of numbers(5)) {
    const [claim, ...more] = await broker.reserve(MANY, BIG_BYTES);
    deepEqual([numbersOf([claim!]), more.filter(isKeyed)], [[number], []]);
    if (number === 4) {
      await broker.settle([...parks([claim!], 'x'), ...acks(more)]);
      equal(await broker.discardParked('x'), 2, 'and the sixth, which waited behind it');
    } else if (number === 3) {
      await broker.settle([{ kind: 'dead', claim: claim!, letter: letterOf(claim!) }, ...acks(more)]);
    } else await broker.settle(acks([claim!, ...more]));
  }
  deepEqual(await broker.stats(), stats({ dead: 1 }));
  await admin.config('SET', 'maxmemory', '0');
});

test('a delivery that vanishes from the ready list with its turn holds up nobody', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.publish(numbers(3).map((number) => keyed('a', number)));
  const [first] = await broker.reserve(MANY, BIG_BYTES);
  await broker.settle([{ kind: 'release', claim: first! }]);
  await admin.del(queue);
  await broker.publish(envelopes('other'));
  deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['other']);
  const [second] = await broker.reserve(MANY, BIG_BYTES);
  deepEqual(numbersOf([second!]), [1]);
  await broker.settle(acks([second!]));
  // The turn that was passed on vanishes too, and then the last, with nobody behind it.
  await admin.del(queue);
  deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
  await broker.publish([keyed('a', 3)]);
  deepEqual(numbersOf(await broker.reserve(MANY, BIG_BYTES)), [3]);
});

test('a vanished turn that comes back is behind the others, and no two go at once', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.publish(numbers(2).map((number) => keyed('a', number)));
  const [first] = await broker.reserve(MANY, BIG_BYTES);
  await broker.settle([{ kind: 'release', claim: first! }]);
  const taken = await admin.rpopBuffer(queue);
  deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
  await admin.rpush(queue, taken!);
  const claims = await broker.reserve(MANY, BIG_BYTES);
  deepEqual(numbersOf(claims), [1]);
  deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
  await broker.settle(acks(claims));
  deepEqual(numbersOf(await broker.reserve(MANY, BIG_BYTES)), [0]);
});

test('a key of another kind where turns are kept is found at start, and later before anything is taken', async (t) => {
  const { broker, admin, queue, tag } = await openOn(t, redis);
  await broker.publish(numbers(3).map((number) => keyed('a', number)));
  const isUnfit = { code: 'VOLLEY_BROKER_UNFIT' };
  for (const key of ['turns', 'turns:waiting', 'turns:ready']) {
    await admin.set(`${tag}:${key}`, 'another kind');
    await rejects(broker.reserve(MANY, BIG_BYTES), isUnfit, key);
    equal(await admin.llen(queue), 3);
    const options = { queue, leaseMs: LEASE_MS, commandTimeoutMs: 10_000, mintToken };
    await rejects(new RedisBroker(redis.url, options).open(), isUnfit, key);
    await admin.del(`${tag}:${key}`);
  }
  const claims = await broker.reserve(MANY, BIG_BYTES);
  await admin.set(queue, 'another kind');
  await rejects(broker.settle(acks(claims)), isUnfit);
  await admin.del(queue);
  await broker.settle(acks(claims));
  deepEqual(numbersOf(await broker.reserve(MANY, BIG_BYTES)), [1]);
});

test('what has a turn and cannot be stored goes back, and its key goes on', async (t) => {
  const { broker, admin, tag } = await openOn(t, redis);
  await broker.reserve(1, 1);
  await broker.publish(numbers(3).map((number) => keyed('a', number)));
  const [lease] = await admin.smembers(`${tag}:leases`);
  await admin.set(`${tag}:inflight:${lease}`, 'another kind');
  await rejects(broker.reserve(MANY, BIG_BYTES), { code: 'VOLLEY_BROKER_UNFIT' });
  await admin.del(`${tag}:inflight:${lease}`);
  deepEqual(await broker.stats(), stats({ ready: 1, parked: 2 }));
  for (const number of numbers(3)) {
    const claims = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(numbersOf(claims), [number]);
    await broker.settle(acks(claims));
  }
});

test('a claim that meets many behind one key is bounded, and each of them has an id of its own', async (t) => {
  const { broker, admin, tag } = await openOn(t, redis);
  await broker.publish(numbers(600).map((number) => keyed('a', number)));
  await broker.reserve(100, BIG_BYTES);
  equal(await admin.hlen(`${tag}:turns:waiting`), 256);
  await broker.reserve(100, 10_000);
  const waiting = await admin.hvals(`${tag}:turns:waiting`);
  ok(waiting.length > 256 && waiting.length < 400, `${waiting.length}`);
  await broker.reserve(100, BIG_BYTES);
  await broker.reserve(100, BIG_BYTES);
  const headers = (await admin.hvals(`${tag}:turns:waiting`)).map((record) => record.split('~')[2]);
  deepEqual([headers.length, new Set(headers).size], [599, 599]);
  deepEqual(await broker.stats(), stats({ parked: 599, leased: 1 }));
});

test('nothing is kept of an ordering key whose deliveries have all come to their end', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.publish(numbers(40).map((number) => keyed(`k${number % 4}`, number)));
  await until(async () => {
    await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES)));
    return (await broker.stats()).ready === 0;
  });
  await broker.close();
  deepEqual(
    (await admin.keys(`*${queue}*`)).filter((key) => !key.endsWith(':leases')),
    [],
  );
});

test('a Redis killed at any moment has lost no turn: every key goes on, in its order', async (t) => {
  const server = await startRedis({ aof: 'always' });
  t.after(() => server.stop());
  const { broker } = await openOn(t, server, LEASE_MS, TIMEOUT_MS);
  const [keys, each, kills] = [8, 60, 3];
  for (const number of numbers(each))
    await broker.publish(numbers(keys).map((key) => keyed(`k${key}`, number)));
  const came = new Map<string, number[]>();
  let running = true;
  t.after(() => {
    running = false;
  });
  const working = (async () => {
    while (running) await step(broker, came).catch(() => sleep(5));
  })();
  for (let kill = 1; kill <= kills; kill++) {
    await until(async () => [...came.values()].flat().length >= (kill * keys * each) / (kills + 2));
    await server.kill9();
    await server.restart();
  }
  await until(async () => [...came.values()].every((numbers) => numbers.includes(each - 1)));
  const isEmpty = async () => Object.values(await broker.stats()).every((count) => count === 0);
  await until(() => isEmpty().catch(() => false));
  running = false;
  await working;
  equal(came.size, keys);
  // The same again where the answer to an ack was lost; never one before its turn.
  for (const numbers of came.values())
    ok(numbers.every((number, i) => number === (numbers[i - 1] ?? -1) + 1 || number === numbers[i - 1]));
});

/** Claims of what is ready and then of what is parked; parks a third, and acknowledges the others, which it notes by key. */
async function step(broker: Broker, came: Map<string, number[]>): Promise<void> {
  await broker.extend();
  await broker.reclaim();
  // What has been claimed is settled before anything else can fail: else it would be held as long as the test runs.
  await settleSome(broker, await broker.reserve(20, BIG_BYTES), came);
  await settleSome(broker, await broker.reserveParked('x', 20, BIG_BYTES), came);
}

async function settleSome(
  broker: Broker,
  claims: readonly Claim[],
  came: Map<string, number[]>,
): Promise<void> {
  const parked = claims.filter((_, i) => i % 3 === 0 && claims.length > 3);
  const acked = claims.filter((claim) => !parked.includes(claim));
  for (const claim of acked) {
    const { orderingKey, payload } = JSON.parse(String(claim.envelope));
    came.set(orderingKey, [...(came.get(orderingKey) ?? []), payload.number]);
  }
  const settlements = [...parks(parked, 'x'), ...acks(acked)];
  for (let isSettled = false; !isSettled; )
    isSettled = await broker.settle(settlements).then(
      () => true,
      () => sleep(5, false),
    );
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function isKeyed({ envelope }: Claim): boolean {
  return envelope[0] === '{'.charCodeAt(0);
}

function numbersOf(claims: readonly Claim[]): number[] {
  return claims.map(({ envelope }) => JSON.parse(String(envelope)).payload.number);
}
