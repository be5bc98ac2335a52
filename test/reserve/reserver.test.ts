import { deepEqual, equal, ok } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Claim } from '../../src/broker/broker.ts';
import { CLAIM_MAX, CLAIM_MAX_BYTES, Reserver } from '../../src/reserve/reserver.ts';

/** A reserver on a broker that has `ready` deliveries of `bytesEach`, with credit that the test gives. */
function newReserver(
  t: TestContext,
  ready: number,
  credit: { count: number; bytes: number },
  { bytesEach = 100, toPass = 0 } = {},
) {
  const asked: { count: number; bytes: number }[] = [];
  const took: [count: number, ms: number][] = [];
  const passed: [destination: string, count: number, heardBefore: number][] = [];
  const seen = { claimed: 0, empty: 0, faults: 0, waits: 0, heard: 0, passed, took };
  let broken = 0;
  let nowMs = 0;
  let left = ready;
  const { promise: idle, resolve: isIdle } = Promise.withResolvers<void>();
  const reserver = new Reserver({
    broker: {
      async reserve(count, bytes, passing) {
        await new Promise(setImmediate);
        for (const destination of passing.destinations) passing.onParked(destination, 3);
        if (broken > 0) {
          broken--;
          throw new Error('not now');
        }
        asked.push({ count, bytes });
        const taken = Math.min(count, left, Math.ceil(bytes / bytesEach));
        left -= taken;
        return Array.from({ length: taken }, () => ({ envelope: Buffer.alloc(bytesEach) }) as Claim);
      },
      waitForWork: (_timeoutMs, signal) => {
        seen.waits++;
        isIdle();
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
      },
    },
    credit: () => credit,
    passing: () => (seen.passed.length < toPass ? ['x'] : []),
    onParked: (destination, count) => seen.passed.push([destination, count, seen.heard]),
    onClaimed: (claims) => {
      seen.heard++;
      seen.claimed += claims.length;
      credit.count -= claims.length;
    },
    onEmpty: () => seen.empty++,
    onFault: () => seen.faults++,
    random: () => 0,
    onTook: (count, ms) => seen.took.push([count, ms]),
    nowMs: () => nowMs++,
  });
  t.after(() => reserver.stop());
  return {
    reserver,
    asked,
    seen,
    idle,
    breakNext: (calls: number) => {
      broken = calls;
    },
  };
}

test('it claims up to its credit in claims of bounded size, and never more', async (t) => {
  const { reserver, asked, seen } = newReserver(t, 10_000, { count: 600, bytes: 1e6 });
  reserver.start();
  while (seen.claimed < 600) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  equal(seen.claimed, 600);
  ok(asked.every(({ count }) => count <= CLAIM_MAX));
});

test('it tells how long claims took, and how many they brought', async (t) => {
  const { reserver, seen, idle } = newReserver(t, 300, { count: 600, bytes: 1e6 });
  reserver.start();
  await idle;
  deepEqual(seen.took, [
    [256, 1],
    [44, 1],
    [0, 1],
  ]);
});

test('it claims again when it is nudged and the credit is worth a claim', async (t) => {
  const credit = { count: CLAIM_MAX, bytes: 1e6 };
  const { reserver, asked, seen } = newReserver(t, 10_000, credit);
  reserver.start();
  while (seen.claimed < CLAIM_MAX) await new Promise(setImmediate);
  credit.count = CLAIM_MAX;
  reserver.nudge();
  while (seen.claimed < 2 * CLAIM_MAX) await new Promise(setImmediate);
  deepEqual(
    asked.map(({ count }) => count),
    [CLAIM_MAX, CLAIM_MAX],
  );
});

test('little credit is claimed too, though nobody nudges: what is held may hang', async (t) => {
  const credit = { count: CLAIM_MAX, bytes: 1e6 };
  const { reserver, seen } = newReserver(t, 10_000, credit);
  reserver.start();
  while (seen.claimed < CLAIM_MAX) await new Promise(setImmediate);
  credit.count = 10;
  while (seen.claimed < CLAIM_MAX + 10) await new Promise(setImmediate);
});

test('without room for bytes it claims nothing', async (t) => {
  const { reserver, asked } = newReserver(t, 10_000, { count: 1_000, bytes: 0 });
  reserver.start();
  for (let turn = 0; turn < 20; turn++) {
    reserver.nudge();
    await new Promise(setImmediate);
  }
  deepEqual(asked, []);
});

test('large bodies are claimed a few at a time, one claim right after the other', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { reserver, asked, seen, idle } = newReserver(
    t,
    64,
    { count: 1_000, bytes: 64e6 },
    { bytesEach: 2 ** 17 },
  );
  reserver.start();
  // No timer ever fires here: a claim that rested would be the last.
  await idle;
  equal(seen.claimed, 64);
  equal(asked.length, (64 * 2 ** 17) / CLAIM_MAX_BYTES + 1);
});

test('when nothing is ready it says so and waits for work, and a stop ends the wait', async (t) => {
  const { reserver, seen, idle } = newReserver(t, 100, { count: 1_000, bytes: 1e6 });
  reserver.start();
  await idle;
  const { took, ...others } = seen;
  deepEqual(others, { claimed: 100, empty: 1, faults: 0, waits: 1, heard: 1, passed: [] });
  equal(took.length, 2);
  await reserver.stop();
  await reserver.stop();
});

test('a fault is reported and claimed through, without a spin', async (t) => {
  const { reserver, seen, idle, breakNext } = newReserver(t, 300, { count: 1_000, bytes: 1e6 });
  breakNext(3);
  reserver.start();
  await idle;
  equal(seen.faults, 3);
  equal(seen.claimed, 300);
});

test('a claim that only parked something is told of, before its news is heard, and is not an empty one', async (t) => {
  const { reserver, seen, idle } = newReserver(t, 0, { count: 1_000, bytes: 1e6 }, { toPass: 2 });
  reserver.start();
  await idle;
  deepEqual(seen.passed, [
    ['x', 3, 0],
    ['x', 3, 1],
  ]);
  deepEqual([seen.heard, seen.empty], [2, 1]);
});
