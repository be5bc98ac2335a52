import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { receiverOf } from '../receiver.ts';
import { eachBroker, startEngine } from './running.ts';

const brokers = eachBroker();

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`on ${name}, a 503 is tried again with the same id, body and event time, a new attempt number and a fresh signature`, async (t) => {
    const queue = await queueOf(t);
    let attempts = 0;
    const receiver = await receiverOf(t, () => ({ status: ++attempts === 1 ? 503 : 200 }));
    await queue.push({ url: receiver.origin, type: 't', payload: { n: 1 } });
    const { engine, settled } = await startEngine(t, queue, { retryScheduleMs: [1_100] });
    await engine.whenIdle();
    const [first, second] = receiver.requests;
    equal(receiver.requests.length, 2);
    equal(first!.headers['x-webhook-attempt'], '1');
    equal(second!.headers['x-webhook-attempt'], '2');
    for (const same of ['x-webhook-id', 'x-webhook-timestamp', 'x-hub-signature-256'])
      equal(second!.headers[same], first!.headers[same], same);
    ok(Number(second!.headers['webhook-timestamp']) > Number(first!.headers['webhook-timestamp']));
    ok(first!.body.equals(second!.body));
    deepEqual(
      settled.map(({ kind, status }) => [kind, status]),
      [
        ['retry', 503],
        ['delivered', 200],
      ],
    );
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });

  test(`on ${name}, the end of the schedule is a dead letter with the last answer`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t, ({ headers }) => ({
      status: 500,
      body: `sorry, attempt ${headers['x-webhook-attempt']}`,
    }));
    await queue.push({
      id: 'gone',
      url: `${receiver.origin}/x`,
      type: 'a.b',
      payload: [1],
      destination: 'acct',
    });
    const { engine, settled } = await startEngine(t, queue, { retryScheduleMs: [10, 10] });
    await engine.whenIdle();
    deepEqual(
      receiver.requests.map(({ headers }) => headers['x-webhook-attempt']),
      ['1', '2', '3'],
    );
    deepEqual(
      settled.map(({ kind }) => kind),
      ['retry', 'retry', 'dead'],
    );
    const [letter, ...others] = await queue.dead();
    equal(others.length, 0);
    const { diedAtMs, envelope, ...fixed } = letter!;
    deepEqual(fixed, {
      key: 'gone',
      id: 'gone',
      reason: 'exhausted',
      detail: 'http-500',
      attempts: 3,
      destination: 'acct',
      url: `${receiver.origin}/x`,
      type: 'a.b',
      response: { status: 500, body: 'sorry, attempt 3', retryAfter: null },
    });
    ok(Math.abs(Date.now() - diedAtMs) < 60_000);
    deepEqual(JSON.parse(envelope.toString()).payload, [1]);
  });
}

test('Retry-After of a 429 is waited for, in seconds and as a date, though the schedule is shorter', async (t) => {
  const queue = await brokers.Redis(t);
  const arrivals = new Map<string, number[]>();
  let asked = 0;
  const receiver = await receiverOf(t, ({ path }) => {
    const times = arrivals.get(path) ?? [];
    arrivals.set(path, [...times, Date.now()]);
    if (times.length > 0) return { status: 200 };
    // The date names a whole second, and must be ahead wherever in a second this is.
    asked = Math.floor(Date.now() / 1000) * 1000 + 2_000;
    const retryAfter = path === '/seconds' ? '1' : new Date(asked).toUTCString();
    return { status: 429, headers: { 'retry-after': retryAfter } };
  });
  await queue.push(
    { url: `${receiver.origin}/seconds`, type: 't', payload: 1 },
    { url: `${receiver.origin}/date`, type: 't', payload: 2 },
  );
  const { engine } = await startEngine(t, queue, { retryScheduleMs: [10] });
  await engine.whenIdle();
  const [first, second] = arrivals.get('/seconds')!;
  ok(second! - first! >= 1_000, `retried after ${second! - first!} ms`);
  ok(arrivals.get('/date')![1]! >= asked, 'retried before the date');
});

test('a slow delivery does not hold back the settlement of what was sent with it', async (t) => {
  const queue = await brokers.Redis(t);
  const { promise: heldBack, resolve: letGo } = Promise.withResolvers<void>();
  const receiver = await receiverOf(t, async ({ path }) => {
    if (path === '/slow') await heldBack;
    return { status: 200 };
  });
  const urls = ['slow', 'a', 'b', 'c', 'd', 'e'].map((path) => `${receiver.origin}/${path}`);
  await queue.push(...urls.map((url) => ({ url, type: 't', payload: 1 })));
  const { engine, settled, until } = await startEngine(t, queue);
  await until(() => settled.length === 5);
  // The slow one's claim is all that is left once the others are settled.
  while ((await queue.watch.stats()).leased !== 1) await new Promise(setImmediate);
  letGo();
  await engine.whenIdle();
  equal(settled.length, 6);
});
