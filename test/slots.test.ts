import { deepEqual, equal, match } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { createLogger } from '../src/record/log.ts';
import { Slots } from '../src/slots.ts';

interface Line {
  readonly slots: number;
  readonly memory_mib: number;
  readonly msg: string;
}

/** Slots of two threads on two cores, what they say, and what they are changed to. `timers` are the test's. */
function newSlots(t: TestContext, slotsPerCore: number, mostSlotsPerThread: number | null) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const lines: Line[] = [];
  const stream = { write: (line: string) => lines.push(JSON.parse(line)) };
  const sizes: number[] = [];
  let nowMs = 0;
  const slots = new Slots({
    plan: { threads: 2, slotsPerCore, slotsPerThread: slotsPerCore, mostSlotsPerThread },
    use: () => {
      // Attempts take 200 ms, however many there are.
      for (let n = 0; n < slots.count / 2; n++) slots.meter?.ended({ slotMs: 200, usualMs: 200 }, 200);
      return { isShort: true, idle: 0 };
    },
    busyShare: () => 0,
    onResize: (perThread) => sizes.push(perThread),
    log: createLogger({ format: 'json', stream }),
    nowMs: () => nowMs,
  });
  const pass = (ms: number) => {
    for (let n = 0; n < ms; n += 100) {
      nowMs += 100;
      t.mock.timers.tick(100);
    }
  };
  slots.start();
  t.after(() => slots.stop());
  return { slots, lines, sizes, pass };
}

test('a usual number of slots is nothing to speak of, and nobody looks at how they are used', (t) => {
  const { slots, lines, sizes, pass } = newSlots(t, 20, null);
  pass(10_000);
  slots.lacked();
  deepEqual([lines, sizes, slots.count, slots.meter], [[], [], 40, null]);
});

test('it is said what more slots than usual cost', (t) => {
  const { lines } = newSlots(t, 2_000, null);
  equal(lines.length, 1);
  equal(lines[0]!.slots, 4_000);
  equal(lines[0]!.memory_mib, Math.ceil((4_000 * 50_000) / 2 ** 20));
  match(lines[0]!.msg, /more slots than usual/);
});

test('everyone is told of each change, and a person of the number that it comes to rest at', (t) => {
  const { slots, lines, sizes, pass } = newSlots(t, 20, 160);
  pass(10_000);
  deepEqual(sizes, [40, 80, 160]);
  equal(slots.count, 320);
  deepEqual(
    lines.map(({ slots, msg }) => [slots, msg]),
    [[320, 'the number of slots has settled']],
  );
});

test('a machine that lacks what slots need has half of them, and no more later', (t) => {
  const { slots, sizes, pass } = newSlots(t, 20, 160);
  pass(10_000);
  slots.lacked();
  equal(sizes.at(-1), 80);
  pass(60_000);
  equal(slots.count, 160);
});

test('after a stop nothing changes', (t) => {
  const { slots, sizes, pass } = newSlots(t, 20, 160);
  slots.stop();
  pass(10_000);
  deepEqual(sizes, []);
});
