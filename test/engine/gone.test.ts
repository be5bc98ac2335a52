import { deepEqual, equal, ok } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Broker, Settlement } from '../../src/broker/broker.ts';
import { type Answer, type Received, receiverOf } from '../receiver.ts';
import { FaultyBroker } from './faulty-broker.ts';
import { connectionTo, eachBroker, SLOTS, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const brokers = eachBroker();
/** Slots, and two seats ahead of each in threads that are fast: what can be in flight when the first 410 comes. */
const PLACES = 3 * SLOTS;

const NOTHING = { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 };

/** A receiver that answers 410 to everything below /gone until it is healed, and 200 to all else. */
async function goneReceiver(t: TestContext, answer?: (request: Received) => Answer | undefined) {
  let healed = false;
  const receiver = await receiverOf(
    t,
    (request) => answer?.(request) ?? { status: !healed && request.path.startsWith('/gone') ? 410 : 200 },
  );
  const to = (path: string) => receiver.requests.filter((request) => request.path === path);
  const heal = () => {
    healed = true;
  };
  return { receiver, to, heal };
}

/** Events of the destination `name`, which is served at /name; their payloads are their numbers. */
function eventsOf(origin: string, name: string, count: number): object[] {
  return Array.from({ length: count }, (_, n) => ({
    url: `${origin}/${name}`,
    type: 't',
    payload: n,
    destination: name,
  }));
}

/** The id and attempt number by which each payload came last. */
function facts(requests: readonly Received[]): Map<string, string> {
  return new Map(
    requests.map(({ body, headers }) => [
      body.toString(),
      `${headers['x-webhook-id']} ${headers['x-webhook-attempt']}`,
    ]),
  );
}

const numbers = (count: number) => new Set(Array.from({ length: count }, (_, n) => `${n}`));

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`on ${name}, a 410 disables its destination: what was in flight is sent, all of it is parked, and others go on`, async (t) => {
    const queue = await queueOf(t);
    const { receiver, to } = await goneReceiver(t);
    await queue.push(...eventsOf(receiver.origin, 'gone', 200), ...eventsOf(receiver.origin, 'other', 100));
    const { engine, settled } = await startEngine(t, queue);
    await engine.whenIdle();
    const sent = to('/gone').length;
    ok(sent >= 1 && sent <= PLACES, `${sent} requests`);
    equal(to('/other').length, 100);
    deepEqual(await queue.watch.stats(), { ...NOTHING, parked: 200 });
    const parked = settled.filter(({ destination }) => destination === 'gone');
    deepEqual(
      new Set(parked.map(({ kind, status }) => `${kind} ${status}`)),
      new Set(['parked 410', 'parked null']),
    );
    equal(parked.filter(({ status }) => status === 410).length, sent);
    deepEqual(
      (({ delivered, parked, dead, retried }) => [delivered, parked, dead, retried])(engine.snapshot()),
      [100, 200, 0, 0],
    );
    const [disabled, ...others] = (await queue.watch.standings(null)).standings;
    deepEqual(
      [disabled!.destination, disabled!.disabled?.by, disabled!.parked, others],
      ['gone', 'gone', 200, []],
    );
    // Also what is published later.
    await queue.push(...eventsOf(receiver.origin, 'gone', 5), ...eventsOf(receiver.origin, 'other', 5));
    await engine.whenIdle();
    deepEqual([to('/gone').length, to('/other').length], [sent, 105]);
    equal((await queue.watch.stats()).parked, 205);
  });

  test(`on ${name}, enabling delivers all that was parked once, with the ids and attempt numbers it had, also to an engine that believed it disabled`, async (t) => {
    const queue = await queueOf(t);
    const { receiver, to, heal } = await goneReceiver(t, ({ headers, body }) =>
      // The first one is at its second attempt when its destination goes.
      body.toString() === '0' && headers['x-webhook-attempt'] === '1' ? { status: 503 } : undefined,
    );
    const count = 300;
    const settlements = countingSettlements(connectionTo(t, queue.broker, queue.queue));
    const [first, ...rest] = eventsOf(receiver.origin, 'gone', count);
    await queue.push(first!);
    const { engine } = await startEngine(t, queue, {}, { broker: settlements.broker });
    await engine.whenIdle();
    await queue.push(...rest);
    await engine.whenIdle();
    equal((await queue.watch.stats()).parked, count);
    const before = to('/gone');
    heal();
    settlements.kinds.length = 0;
    // As `volley destinations enable` does, on a connection of its own.
    equal(await queue.watch.enableDestination('gone'), count);
    await engine.whenIdle();
    const after = to('/gone').slice(before.length);
    equal(after.length, count, 'once each');
    const [factsBefore, factsAfter] = [facts(before), facts(after)];
    deepEqual(new Set(factsAfter.keys()), numbers(count));
    ok(factsAfter.get('0')!.endsWith(' 2'));
    for (const [payload, fact] of factsBefore) equal(factsAfter.get(payload), fact);
    deepEqual(await queue.watch.stats(), NOTHING);
    const parks = settlements.kinds.filter((kind) => kind === 'park').length;
    ok(parks <= count, `${parks} were parked in vain`);
    equal(settlements.kinds.filter((kind) => kind === 'ack').length, count);
    ok(settlements.calls() < count, `${settlements.calls()} calls of settle`);
  });

  test(`on ${name}, other engines of the queue learn of it without a request of their own, and a restart remembers`, async (t) => {
    const queue = await queueOf(t);
    const { receiver, to } = await goneReceiver(t);
    const faults = new FaultyBroker(connectionTo(t, queue.broker, queue.queue));
    faults.impose('hang', 'reserve');
    const other = await startEngine(t, queue, {}, { broker: faults.broker });
    await queue.push(...eventsOf(receiver.origin, 'gone', 1));
    const first = await startEngine(t, queue);
    await first.engine.whenIdle();
    await first.engine.stop();
    equal(to('/gone').length, 1);
    // Looks now, as it would every few seconds.
    await other.engine.reload();
    await queue.push(...eventsOf(receiver.origin, 'gone', 10));
    faults.lift();
    await other.engine.whenIdle();
    await other.engine.stop();
    equal((await queue.watch.stats()).parked, 11);
    const next = await startEngine(t, queue);
    await queue.push(...eventsOf(receiver.origin, 'gone', 10));
    await next.engine.whenIdle();
    equal((await queue.watch.stats()).parked, 21);
    equal(to('/gone').length, 1);
  });

  test(`on ${name}, a worker that is killed between a 410 and its parking loses nothing, and --once ends with what is parked`, async (t) => {
    const queue = await queueOf(t);
    const KILLS = 2;
    const EVENTS = 30;
    let onGone: (destination: string) => void = () => {};
    const { receiver, heal } = await goneReceiver(t, ({ path }) => {
      if (path.startsWith('/gone')) onGone(path.slice(1));
      return undefined;
    });
    const names = Array.from({ length: KILLS }, (_, n) => `gone-${n}`);
    const times = ['--lease', '1500ms', '--total-timeout', '1200ms', '--read-timeout', '1200ms'];
    const flags = [...times, '--connect-timeout', '1200ms'];
    for (const destination of names) {
      await queue.push(...eventsOf(receiver.origin, destination, EVENTS));
      await queue.push(...eventsOf(receiver.origin, 'other', EVENTS));
      const worker = spawnWorker(t, queue, ...flags);
      onGone = (gone) => {
        // The answer takes its way, and then the settler gathers for some 20 ms.
        if (gone === destination) setTimeout(() => worker.child.kill('SIGKILL'), 30 * Math.random());
      };
      equal(await worker.exited, null);
    }
    onGone = () => {};
    const last = spawnWorker(t, queue, ...flags, '--once');
    equal(await last.exited, 0, last.output());
    deepEqual(await queue.watch.stats(), { ...NOTHING, parked: KILLS * EVENTS });
    heal();
    const answered = receiver.requests.length;
    for (const destination of names) equal(await queue.watch.enableDestination(destination), EVENTS);
    const { engine } = await startEngine(t, queue);
    await engine.whenIdle();
    const after = receiver.requests.slice(answered);
    equal(after.length, KILLS * EVENTS);
    for (const destination of names)
      deepEqual(
        new Set(after.filter(({ path }) => path === `/${destination}`).map(({ body }) => body.toString())),
        numbers(EVENTS),
      );
    deepEqual(await queue.watch.stats(), NOTHING);
    deepEqual(
      new Set(facts(receiver.requests.filter(({ path }) => path === '/other')).keys()),
      numbers(EVENTS),
    );
  });
}

/** A broker that notes what it is told to settle. */
function countingSettlements(real: Broker) {
  const kinds: Settlement['kind'][] = [];
  let calls = 0;
  const broker = new Proxy(real, {
    get: (target, name: keyof Broker) => {
      if (name === 'standingsVersion') return target[name];
      if (name !== 'settle') return target[name].bind(target);
      return (batch: readonly Settlement[]) => {
        calls++;
        kinds.push(...batch.map(({ kind }) => kind));
        return target.settle(batch);
      };
    },
  });
  return { broker, kinds, calls: () => calls };
}

test('what is parked is fetched while the standings are still taken in at the start, and sent', async (t) => {
  const queue = await brokers.SQLite(t);
  const { receiver, to } = await goneReceiver(t);
  await queue.push(...eventsOf(receiver.origin, 'a', 1));
  const [claim] = await queue.watch.reserve(1, 1_000);
  await queue.watch.settle([{ kind: 'park', claim: claim!, destination: 'a' }]);
  await queue.watch.disableDestination('b', 'config', 0);
  const fetched = Promise.withResolvers<void>();
  const broker = new Proxy(connectionTo(t, queue.broker, queue.queue), {
    get: (target, name: keyof Broker) => {
      if (name === 'standingsVersion') return target[name];
      const method = target[name].bind(target) as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (name === 'enableDestination') await fetched.promise;
        const answer = await method(...args);
        if (name === 'reserveParked') setImmediate(fetched.resolve);
        return answer;
      };
    },
  });
  const { engine, settled, until } = await startEngine(t, queue, {}, { broker });
  await until(() => settled.length === 1);
  equal(to('/a').length, 1);
  await engine.stop();
  deepEqual(await queue.watch.stats(), NOTHING);
});
