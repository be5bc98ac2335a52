import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { Sizing } from '../../src/dispatch/sizing.ts';
import { ClosedLoop, type Machine } from './closed-loop.ts';

const THREADS = 2;
const LEAST = 20;
const MOST = 5_000;
/** Does 2 000 attempts a second at most: few, so that minutes of them take no second. */
const MACHINE: Machine = { cores: 2, costMs: 1, isOurs: true };
/** What fixed numbers are measured for. */
const FIXED_MS = 20_000;
const LOOK_MS = 100;
const MINUTE_MS = 60_000;

function perSecond(loop: ClosedLoop, run: () => void): number {
  const { ended, nowMs } = loop;
  run();
  return ((loop.ended - ended) * 1_000) / (loop.nowMs - nowMs);
}

/** Attempts a second with the best of the fixed numbers of slots. */
function bestFixed(latencyMs: number, machine = MACHINE): number {
  let best = 0;
  for (let slots = LEAST * THREADS; slots <= MOST * THREADS; slots *= 2) {
    const loop = new ClosedLoop(machine, { latencyMs, slots });
    loop.run(FIXED_MS);
    best = Math.max(
      best,
      perSecond(loop, () => loop.run(2 * FIXED_MS)),
    );
  }
  return best;
}

function newSearch(latencyMs: number, machine = MACHINE) {
  const sizing = new Sizing({ threads: THREADS, least: LEAST, most: MOST });
  const loop = new ClosedLoop(machine, { latencyMs, slots: LEAST * THREADS, meter: sizing.meter });
  /** Every number of slots that there is in a time. */
  const search = (forMs: number): number[] => {
    const sizes: number[] = [];
    for (const untilMs = loop.nowMs + forMs; loop.nowMs < untilMs; ) {
      loop.run(loop.nowMs + LOOK_MS);
      if (!sizing.look(loop.look())) continue;
      loop.slots = sizing.slotsPerThread * THREADS;
      sizes.push(loop.slots);
    }
    return sizes;
  };
  return { sizing, loop, search };
}

for (const latencyMs of [1, 10, 100, 300, 1_000, 2_000])
  test(`receivers of ${latencyMs} ms get 90 % of what the best fixed number of slots gives them, within a minute and for good`, () => {
    const { loop, search } = newSearch(latencyMs);
    search(MINUTE_MS);
    const best = bestFixed(latencyMs);
    const found = perSecond(loop, () => search(4 * MINUTE_MS));
    ok(found >= 0.9 * best, `${found} a second, ${best} at best`);
  });

test('where attempts cost the more the more there are, the number comes near the best, too', () => {
  const machine = { ...MACHINE, dearAt: 600 };
  const { loop, search } = newSearch(200, machine);
  search(MINUTE_MS);
  const best = bestFixed(200, machine);
  const found = perSecond(loop, () => search(4 * MINUTE_MS));
  ok(found >= 0.9 * best, `${found} a second, ${best} at best`);
});

test('a number that has been found stays, but for tries that become rarer', () => {
  const { sizing, search } = newSearch(300);
  search(2 * MINUTE_MS);
  const found = sizing.slotsPerThread;
  const sizes = search(20 * MINUTE_MS);
  ok(sizes.length <= 12, `${sizes}`);
  equal(sizing.slotsPerThread, found);
});

test('receivers that become slower get more slots, and fewer once they are quick again', () => {
  const { sizing, loop, search } = newSearch(1);
  search(MINUTE_MS);
  equal(sizing.slotsPerThread, LEAST);
  loop.latencyMs = 1_000;
  search(2 * MINUTE_MS);
  const many = sizing.slotsPerThread;
  ok(perSecond(loop, () => search(FIXED_MS)) > 0.9 * 2_000);
  loop.latencyMs = 5;
  search(3 * MINUTE_MS);
  ok(sizing.slotsPerThread <= many / 8, `${sizing.slotsPerThread} of ${many}`);
});

test('where something else than this machine is the limit, more slots are tried and given up', () => {
  const { sizing, search } = newSearch(2, { ...MACHINE, isOurs: false });
  deepEqual(search(MINUTE_MS).slice(0, 2), [2 * LEAST * THREADS, LEAST * THREADS]);
  equal(sizing.slotsPerThread, LEAST);
});

test('on a machine whose processors others use by fits and starts the slots do not creep up', () => {
  for (const othersShare of [0.3, 0.6]) {
    const { sizing, search } = newSearch(2, { ...MACHINE, isOurs: false, othersShare });
    let most = 0;
    for (let minute = 0; minute < 60; minute++) {
      search(MINUTE_MS);
      most = Math.max(most, sizing.slotsPerThread);
    }
    ok(most <= 16 * LEAST, `${most}`);
  }
});

test('slots do not grow beyond what windows let be in flight', () => {
  const { loop, search } = newSearch(1_000);
  loop.window = 150;
  search(3 * MINUTE_MS);
  equal(loop.slots, 160);
});

test('slots that nothing needs any more are given up', () => {
  const { loop, search } = newSearch(1_000);
  search(MINUTE_MS);
  ok(loop.slots > 1_000);
  loop.window = 10;
  search(15 * MINUTE_MS);
  equal(loop.slots, LEAST * THREADS);
});

test('what a machine lacked halves the slots, and it does not try for more again', () => {
  const { sizing, loop, search } = newSearch(1_000);
  search(MINUTE_MS);
  const before = sizing.slotsPerThread;
  sizing.lacked();
  loop.slots = sizing.slotsPerThread * THREADS;
  equal(sizing.slotsPerThread, before / 2);
  search(5 * MINUTE_MS);
  ok(sizing.slotsPerThread <= before / 2);
});

test('an engine that has nothing to do keeps what it has', () => {
  const { loop, search } = newSearch(1);
  loop.window = 0;
  deepEqual(search(10 * MINUTE_MS), []);
});
