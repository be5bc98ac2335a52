import { ok } from 'node:assert/strict';
import test from 'node:test';
import { percentile, RECEIVERS, type Receiver } from './modelled-receivers.ts';
import { Simulation } from './simulator.ts';

const THREADS = 2;
const SLOTS_PER_THREAD = 20;
const QUICK = 100;
const QUICK_PER_SECOND = 1_000;
const SLOW = 20;
const SLOW_MS = 2_000;
/** For each slow one: far more than it can take in the time. */
const BACKLOG = 5_000;
const RUN_MS = 120_000;

/** Quick destinations with a steady stream, and slow ones with a backlog. */
function run(mostSlotsPerThread?: number, slow: Receiver = RECEIVERS.slow(SLOW_MS)) {
  const quick = RECEIVERS.healthy(5);
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    ...(mostSlotsPerThread !== undefined && { mostSlotsPerThread }),
    receiverOf: (destination) => (destination.startsWith('slow') ? slow : quick),
  });
  for (let n = 0; n < QUICK; n++) simulation.stream(`quick-${n}`, QUICK_PER_SECOND / QUICK, 0, RUN_MS);
  for (let n = 0; n < SLOW; n++) simulation.publish(`slow-${n}`, BACKLOG);
  simulation.run(RUN_MS);
  const delivered = (name: string, count: number) =>
    Array.from({ length: count }, (_, n) => simulation.track(`${name}-${n}`).agesMs).flat();
  return {
    slots: simulation.workers[0]!.slots,
    slowDelivered: delivered('slow', SLOW).length,
    quickP99Ms: percentile(delivered('quick', QUICK), 0.99),
    quickDelivered: delivered('quick', QUICK).length,
  };
}

test('slow destinations with a backlog get slots that they lack, although quick ones do nearly all attempts', () => {
  const fixed = run();
  const found = run(1_000);
  ok(found.slots >= 8 * THREADS * SLOTS_PER_THREAD, `${found.slots} slots`);
  ok(found.slowDelivered >= 4 * fixed.slowDelivered, `${found.slowDelivered}, ${fixed.slowDelivered} before`);
  ok(found.quickP99Ms <= fixed.quickP99Ms * 1.1, `${found.quickP99Ms} ms, ${fixed.quickP99Ms} before`);
});

test('a machine behind all destinations that does one after the other gets no more slots for it', () => {
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    mostSlotsPerThread: 1_000,
    receiverOf: (() => {
      const machine = RECEIVERS.machine(1);
      return () => machine;
    })(),
  });
  for (let n = 0; n < QUICK; n++) simulation.publish(`d-${n}`, 1_000);
  simulation.run(60_000);
  const { slots } = simulation.workers[0]!;
  ok(slots <= 2 * THREADS * SLOTS_PER_THREAD, `${slots} slots`);
});
