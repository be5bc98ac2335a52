/** Ordered delivery: what has the same ordering key arrives in the order of publishing, whatever happens to it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { receiverOf } from '../receiver.ts';
import { Signal } from '../signal.ts';
import { untilEmpty } from './isolating.ts';
import { eachBroker, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const KEYS = 6;
const PER_KEY = 12;
/** Longest that an answer takes, in milliseconds. */
const SLOW_MS = 15;
/** The share of first attempts that fail. */
const FAILING = 0.2;

interface Step {
  readonly key: string;
  readonly number: number;
}

/** Events of each key in turn, numbered within it. */
function eventsOf(url: string, keys: readonly string[], perKey = PER_KEY): object[] {
  return Array.from({ length: perKey }, (_, number) =>
    keys.map((key) => ({ url, type: 't', destination: 'x', orderingKey: key, payload: { key, number } })),
  ).flat();
}

function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `key-${n}`);
}

/** A receiver that writes down what it has accepted, in order, and which keys it was sent two of at once. */
async function orderlyOf(
  t: Parameters<typeof receiverOf>[0],
  answer: (step: Step, attempt: number) => number | Promise<number>,
) {
  const accepted: Step[] = [];
  const arrived: Step[] = [];
  const atOnce: Step[] = [];
  const inFlight = new Set<string>();
  const signal = new Signal();
  const receiver = await receiverOf(
    t,
    async ({ body, headers }) => {
      const step = JSON.parse(body.toString()) as Step;
      if (inFlight.has(step.key)) atOnce.push(step);
      inFlight.add(step.key);
      arrived.push(step);
      signal.raise();
      const status = await answer(step, Number(headers['x-webhook-attempt']));
      inFlight.delete(step.key);
      if (status === 200) accepted.push(step);
      signal.raise();
      return { status };
    },
    { keep: false },
  );
  const numbersOf = (key: string, steps = accepted) =>
    steps.filter((step) => step.key === key).map(({ number }) => number);
  return {
    url: receiver.origin,
    accepted,
    arrived,
    atOnce,
    numbersOf,
    until: (holds: () => boolean) => signal.until(holds),
  };
}

const allNumbers = Array.from({ length: PER_KEY }, (_, n) => n);

for (const [name, queueOf] of Object.entries(eachBroker())) {
  test(`on ${name}, two engines deliver each key in order and one at a time; a head that is retried holds up its key alone, one that dies none`, async (t) => {
    const queue = await queueOf(t);
    const keys = keysOf(KEYS);
    let isStubborn = true;
    const { url, ...receiver } = await orderlyOf(t, async ({ key, number }, attempt) => {
      if (key === 'stubborn' && number === 0 && isStubborn) return 503;
      if (key === 'hopeless' && number === 0) return 400;
      if (attempt === 1 && Math.random() < FAILING) return 503;
      await sleep(Math.random() * SLOW_MS);
      return 200;
    });
    const options = {
      ...{ breakerFailures: 0, permanentStatuses: [400] },
      retryScheduleMs: Array.from({ length: 1_000 }, () => 20),
    };
    for (let n = 0; n < 2; n++) await startEngine(t, queue, options);
    await queue.push(...eventsOf(url, [...keys, 'stubborn', 'hopeless']));
    await receiver.until(() => receiver.accepted.length === KEYS * PER_KEY + PER_KEY - 1);
    for (const key of keys) deepEqual(receiver.numbersOf(key), allNumbers, key);
    deepEqual(receiver.numbersOf('hopeless'), allNumbers.slice(1));
    ok(receiver.numbersOf('stubborn', receiver.arrived).every((number) => number === 0));
    isStubborn = false;
    await receiver.until(() => receiver.accepted.length === (KEYS + 2) * PER_KEY - 1);
    deepEqual(receiver.numbersOf('stubborn'), allNumbers);
    deepEqual(receiver.atOnce, []);
    await untilEmpty(queue);
    deepEqual(
      (await queue.dead()).map(({ reason, envelope }) => [reason, JSON.parse(`${envelope}`).payload]),
      [['rejected', { key: 'hopeless', number: 0 }]],
    );
  });

  test(`on ${name}, the kill -9 of one of two workers in the middle loses nothing and keeps the order of each key`, async (t) => {
    const queue = await queueOf(t);
    const perKey = 100;
    const keys = keysOf(KEYS);
    const { url, ...receiver } = await orderlyOf(t, async () => {
      await sleep(Math.random() * SLOW_MS);
      return 200;
    });
    const flags = [
      '--lease',
      '1500ms',
      '--total-timeout',
      '1s',
      '--read-timeout',
      '1s',
      '--connect-timeout',
      '1s',
    ];
    const workers = [spawnWorker(t, queue, ...flags), spawnWorker(t, queue, ...flags)];
    await Promise.all(workers.map(({ started }) => started));
    await queue.push(...eventsOf(url, keys, perKey));
    const moment = (0.2 + Math.random() * 0.5) * KEYS * perKey;
    await receiver.until(() => receiver.accepted.length >= moment);
    workers[0]!.child.kill('SIGKILL');
    await workers[0]!.exited;
    const isDone = (key: string) => receiver.numbersOf(key).at(-1) === perKey - 1;
    await receiver.until(() => keys.every(isDone));
    await untilEmpty(queue);
    for (const key of keys) {
      const numbers = receiver.numbersOf(key);
      const outOfOrder = numbers.filter((number, n) => {
        const before = numbers[n - 1] ?? -1;
        // The next one, or once more what was in flight at the kill.
        return number !== before + 1 && number !== before;
      });
      deepEqual(outOfOrder, [], key);
      ok(numbers.length <= perKey + 1, `${key}: one was in flight, not ${numbers.length - perKey}`);
    }
    deepEqual(receiver.atOnce, []);
    workers[1]!.child.kill('SIGTERM');
    equal(await workers[1]!.exited, 0, workers[1]!.output());
    equal((await queue.watch.stats()).dead, 0);
  });
}
