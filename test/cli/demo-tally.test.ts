import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Block, Standing } from '../../src/broker/broker.ts';
import { ABSENT, CAST } from '../../src/cli/demo/cast.ts';
import { frame } from '../../src/cli/demo/frame.ts';
import { phasesOf } from '../../src/cli/demo/phase.ts';
import { Tally } from '../../src/cli/demo/tally.ts';
import { plain } from '../../src/cli/paint.ts';

const FAST = CAST.findIndex(({ name }) => name === 'fast');

/** A tally and its clock: two events for the absent receiver and one for the fast one are published. */
function begun() {
  const clock = { nowMs: 0 };
  const tally = new Tally(3, () => clock.nowMs);
  for (const role of [ABSENT, ABSENT, FAST]) tally.published(role);
  return { clock, tally };
}

function standing(destination: string, kind: Block['kind'], opened: number, parked: number): Standing {
  return { destination, disabled: null, block: { kind, forMs: 100, opened }, parked };
}

/** Whether a promise is still open when all that was due has been done. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => false), setImmediate(true)]);
}

test('what is parked keeps no other event from being published', async () => {
  const { tally } = begun();
  const room = tally.whenUnderWayBelow(2);
  equal(await isPending(room), true);
  tally.stand([standing('dead-1', 'open', 1, 2)]);
  equal(await isPending(room), false);
});

test('the absent receiver is awaited when all else has come to its end', async () => {
  const { tally } = begun();
  const isAlone = tally.whenOnlyAbsentIsOwed();
  tally.settled({ destination: 'dead-1', kind: 'retry', status: null });
  equal(await isPending(isAlone), true);
  tally.settled({ destination: 'fast-1', kind: 'delivered', status: 200 });
  equal(await isPending(isAlone), false);
  tally.returned();
  equal(tally.progress().owedAtReturn, 2);
  const isOver = tally.whenNothingIsOwed();
  tally.settled({ destination: 'dead-1', kind: 'delivered', status: 200 });
  equal(await isPending(isOver), true);
  tally.settled({ destination: 'dead-1', kind: 'dead', status: null });
  equal(await isPending(isOver), false);
});

test('only what is delivered or dead is progress, and not a probe in vain', () => {
  const { clock, tally } = begun();
  clock.nowMs = 50;
  for (const kind of ['retry', 'parked', 'early', 'handed-back'] as const)
    tally.settled({ destination: 'dead-1', kind, status: null });
  equal(tally.endedAtMs, 0);
  tally.settled({ destination: 'fast-1', kind: 'delivered', status: 200 });
  equal(tally.endedAtMs, 50);
});

test('openings are counted once each, and the most that was parked is kept', () => {
  const { tally } = begun();
  const figures = () => {
    const { parked, mostParked, opened, state } = tally.progress().receivers[ABSENT]!;
    return [parked, mostParked, opened, state];
  };
  const told: [standings: Standing[], figures: unknown[]][] = [
    [[standing('dead-1', 'open', 3, 2)], [2, 2, 3, 'open']],
    [[standing('dead-1', 'open', 3, 2)], [2, 2, 3, 'open']],
    [
      [standing('dead-1', 'open', 4, 1), standing('fast-1', 'paused', 0, 7)],
      [1, 2, 4, 'open'],
    ],
    [[], [0, 2, 4, 'enabled']],
    [[standing('dead-1', 'open', 1, 0)], [0, 2, 5, 'open']],
  ];
  for (const [standings, expected] of told) {
    tally.stand(standings);
    deepEqual(figures(), expected);
  }
  equal(tally.progress().total.mostParked, 8);
  equal(tally.progress().total.opened, 5);
});

test('each phase of the run is told while it lasts', () => {
  const { tally } = begun();
  const kinds = () => phasesOf(tally.progress()).map(({ kind }) => kind);
  deepEqual(kinds(), []);
  tally.stand([standing('dead-1', 'open', 1, 2)]);
  deepEqual(kinds(), ['open']);
  tally.stand([standing('dead-1', 'open', 1, 2), standing('throttled-2', 'paused', 0, 1)]);
  deepEqual(kinds(), ['open', 'paused']);
  tally.returned();
  tally.stand([standing('dead-1', 'open', 1, 2)]);
  deepEqual(kinds(), ['back']);
  const lines = frame(tally.progress(), 0, 80, plain);
  for (const shown of [/^ {2}the dead receiver is back: .* 2 events$/, /^ {2}dead .* 2 +open/])
    equal(lines.filter((line) => shown.test(line)).length, 1, String(shown));
});
