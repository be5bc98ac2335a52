import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Ledger } from '../ledger.ts';
import { type Answer, countingReceiverOf, receiverOf } from '../receiver.ts';
import { ENOUGH_FOR_ALL_SLOTS, eachBroker, newEngine, pushNumbered, SLOTS, startEngine } from './running.ts';

const brokers = eachBroker();
const EVENTS = 3 * SLOTS;

/** A receiver that answers nothing until it is let go, and its ledger. */
async function holdingReceiver(t: TestContext) {
  const { promise: released, resolve: letGo } = Promise.withResolvers<void>();
  const ledger = new Ledger(EVENTS);
  const receiver = await receiverOf(t, async ({ body }): Promise<Answer> => {
    ledger.arrived(Number(body.toString()));
    await released;
    return { status: 200 };
  });
  t.after(() => letGo());
  return { receiver, ledger, letGo, whenFull: () => receiver.until(() => receiver.requests.length >= SLOTS) };
}

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`on ${name}, a stop lets what is in flight come to its end and hands the rest back`, async (t) => {
    const queue = await queueOf(t);
    const { receiver, ledger, letGo, whenFull } = await holdingReceiver(t);
    await pushNumbered(queue, receiver.origin, EVENTS, ENOUGH_FOR_ALL_SLOTS);
    const { engine, settled } = await startEngine(t, queue);
    await whenFull();
    const stopped = engine.stop();
    letGo();
    await stopped;
    const delivered = settled.filter(({ kind }) => kind === 'delivered').length;
    ok(delivered >= SLOTS, `${delivered} delivered`);
    deepEqual(await queue.watch.stats(), {
      ready: EVENTS - delivered,
      leased: 0,
      delayed: 0,
      parked: 0,
      dead: 0,
    });
    equal(engine.snapshot().handedBack, EVENTS - delivered);
    const next = await startEngine(t, queue);
    await next.engine.whenIdle();
    deepEqual(ledger.missing, []);
    equal(ledger.duplicates, 0);
  });

  test(`on ${name}, stopping immediately cuts a slow stop short: all comes back, in order, with no attempt charged`, async (t) => {
    const queue = await queueOf(t);
    const { receiver, letGo, whenFull } = await holdingReceiver(t);
    await pushNumbered(queue, receiver.origin, EVENTS, ENOUGH_FOR_ALL_SLOTS);
    const { engine } = await startEngine(t, queue, { drainTimeoutMs: 600_000 });
    await whenFull();
    const slow = engine.stop();
    await engine.stop({ immediately: true });
    await slow;
    deepEqual(await queue.watch.stats(), { ready: EVENTS, leased: 0, delayed: 0, parked: 0, dead: 0 });
    letGo();
    const [first, ...others] = await queue.watch.reserve(EVENTS, 1e9);
    ok([first!, ...others].every(({ attempts }) => attempts === 0));
  });

  test(`on ${name}, what is still in flight when the drain time is over is handed back`, async (t) => {
    const queue = await queueOf(t);
    const { receiver, whenFull } = await holdingReceiver(t);
    await pushNumbered(queue, receiver.origin, EVENTS, ENOUGH_FOR_ALL_SLOTS);
    const { engine } = await startEngine(t, queue, { drainTimeoutMs: 50 });
    await whenFull();
    await engine.stop();
    equal((await queue.watch.stats()).ready, EVENTS);
  });
}

test('stops at random moments lose nothing, and send nothing twice', async (t) => {
  const queue = await brokers.Redis(t);
  const events = 3_000;
  const ledger = new Ledger(events);
  const receiver = await countingReceiverOf(t, (body) => ledger.arrived(Number(body)));
  await pushNumbered(queue, receiver.origin, events);
  for (let run = 1; run <= 5; run++) {
    const { engine, settled, until } = await startEngine(t, queue);
    const moment = Math.random() * 500;
    await until(() => settled.length >= moment);
    await engine.stop();
  }
  const { engine } = await startEngine(t, queue);
  await engine.whenIdle();
  deepEqual(ledger.missing, []);
  equal(ledger.duplicates, 0);
});

test('an engine that is stopped in the middle of waiting for work stops at once, and stops once', async (t) => {
  for (const queueOf of Object.values(brokers)) {
    const { engine } = await startEngine(t, await queueOf(t));
    await engine.whenIdle();
    await Promise.all([engine.stop(), engine.stop(), engine.stop({ immediately: true })]);
    await engine.stop();
    await engine.whenIdle();
  }
});

test('an engine whose broker is not there rejects with the address and the fix, and leaves nothing open', async (t) => {
  const { engine } = newEngine(t, { broker: 'redis://127.0.0.1:1', queue: 'q' });
  await rejects(engine.start(), { code: 'VOLLEY_BROKER_UNAVAILABLE', message: /127\.0\.0\.1:1.*--broker/ });
});

test('an engine that is stopped while it starts ends both calls and leaves nothing open', async (t) => {
  for (const queueOf of Object.values(brokers)) {
    const { engine } = newEngine(t, await queueOf(t));
    const started = engine.start();
    await engine.stop({ immediately: true });
    await started;
  }
});

test('an engine that was never started can be stopped', async (t) => {
  await newEngine(t, await brokers.Redis(t)).engine.stop();
});

test('an engine without a usable secret is refused', async (t) => {
  const queue = await brokers.Redis(t);
  for (const signingSecrets of [[], [''], ['whsec_not base64!']])
    await rejects(
      async () => {
        await newEngine(t, queue, { signingSecrets }).engine.start();
      },
      { code: 'VOLLEY_SECRET' },
    );
});
