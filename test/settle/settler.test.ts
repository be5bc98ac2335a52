import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { Settler } from '../../src/settle/settler.ts';

/** A settler on a store that takes a batch when `takes` says so, and keeps each settlement once, as brokers do. */
function newSettler(takes: (call: number) => boolean = () => true) {
  const batches: number[][] = [];
  const stored: number[] = [];
  const faults: unknown[] = [];
  let late = 0;
  let atOnce = 0;
  const settler = new Settler<number, { late: number }>({
    apply: async (batch) => {
      equal(++atOnce, 1, 'one batch at a time');
      batches.push([...batch]);
      await new Promise(setImmediate);
      atOnce--;
      if (!takes(batches.length)) throw new Error('not now');
      stored.push(...batch);
      return { late: batch.filter((n) => n < 0).length };
    },
    onApplied: (result) => {
      late += result.late;
    },
    onFault: (error) => faults.push(error),
    random: () => 0,
  });
  return { settler, batches, stored, faults, late: () => late };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

test('what is added together is applied together, in order', async () => {
  const { settler, batches } = newSettler();
  for (const n of numbers(500)) settler.add(n);
  equal(settler.backlog, 500);
  await settler.drain();
  deepEqual(batches, [numbers(500)]);
  equal(settler.backlog, 0);
});

test('a batch has at most a thousand settlements', async () => {
  const { settler, batches, stored } = newSettler();
  for (const n of numbers(2_500)) settler.add(n);
  await settler.drain();
  deepEqual(
    batches.map(({ length }) => length),
    [1_000, 1_000, 500],
  );
  deepEqual(stored, numbers(2_500));
});

test('a batch that is refused is tried again with what has come since, in order and without loss', async () => {
  const { settler, stored, faults, batches } = newSettler((call) => call > 3);
  for (const n of numbers(10)) settler.add(n);
  while (batches.length < 2) await new Promise(setImmediate);
  for (const n of numbers(20).slice(10)) settler.add(n);
  equal(settler.backlog, 20);
  await settler.drain();
  deepEqual(stored, numbers(20));
  equal(faults.length, 3);
});

test('settlements that came too late are reported', async () => {
  const { settler, late } = newSettler();
  for (const n of [1, -1, 2, -2]) settler.add(n);
  await settler.drain();
  equal(late(), 2);
});

test('it goes on after it has been drained', async () => {
  const { settler, stored } = newSettler();
  await settler.drain();
  settler.add(1);
  await settler.drain();
  settler.add(2);
  await settler.drain();
  deepEqual(stored, [1, 2]);
});

test('once abandoned it tries no more, and a drain ends, also for what is added afterwards', async () => {
  const { settler, stored, batches } = newSettler(() => false);
  settler.add(1);
  while (batches.length < 2) await new Promise(setImmediate);
  settler.abandon();
  await settler.drain();
  const tries = batches.length;
  settler.add(2);
  await settler.drain();
  deepEqual(stored, []);
  ok(batches.length === tries);
});
