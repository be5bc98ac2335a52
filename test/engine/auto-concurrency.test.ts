import { equal, ok } from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { receiverOf } from '../receiver.ts';
import { eachBroker, pushNumbered, startEngine } from './running.ts';

const ANSWER_MS = 300;
const FIRST_SLOTS = 20 * availableParallelism();
/** Doubled twice, and well on the way to three times. */
const WELL_ABOVE = 5 * FIRST_SLOTS;
const DESTINATIONS = 10;
const BATCH = 1_000;

const brokers = eachBroker();

test('with --concurrency auto a slow receiver comes to have many more requests at once than 20 per core', async (t) => {
  const queue = await brokers.Redis(t);
  let now = 0;
  let peak = 0;
  const receiver = await receiverOf(
    t,
    async () => {
      peak = Math.max(peak, ++now);
      await setTimeout(ANSWER_MS);
      now--;
      return { status: 200 };
    },
    { keep: false },
  );
  const { engine, settled, until } = await startEngine(t, queue, { concurrency: 'auto' });
  const delivered = () => engine.snapshot().delivered;
  equal(engine.snapshot().slots, FIRST_SLOTS);
  let pushed = 0;
  while (peak < WELL_ABOVE) {
    await pushNumbered(queue, `${receiver.origin}/`, BATCH, DESTINATIONS);
    pushed += BATCH;
    await until(() => pushed - delivered() < BATCH / 2 || peak >= WELL_ABOVE);
  }
  await until(() => delivered() === pushed);
  const { slots } = engine.snapshot();
  ok(slots >= 2 * FIRST_SLOTS, `${slots} slots`);
  equal(settled.filter(({ kind }) => kind === 'retry' || kind === 'dead').length, 0);
});

test('a number of slots that is given stays as it is', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t, async () => {
    await setTimeout(20);
    return { status: 200 };
  });
  const { engine, settled, until } = await startEngine(t, queue, { concurrency: 5 });
  const slots = engine.snapshot().slots;
  equal(slots, 5 * availableParallelism());
  await pushNumbered(queue, `${receiver.origin}/`, 600, DESTINATIONS);
  await until(() => settled.length === 600);
  equal(engine.snapshot().slots, slots);
});
