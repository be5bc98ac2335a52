import { deepEqual, equal } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { machineMicros } from '../../bench/clock.ts';
import { measureWindow } from '../../bench/load/window.ts';
import type { Behaviour } from '../../bench/receiver/behaviour.ts';
import { Rig, until } from '../../bench/rig.ts';
import { flagIfKnown } from '../../bench/worker.ts';

async function start(t: TestContext, behaviour: Behaviour): Promise<Rig> {
  const rig = await Rig.start({
    scheme: 'http',
    groups: [{ name: 'all', destinations: 3, behaviour, watched: true }],
  });
  t.after(() => rig.close());
  return rig;
}

const LIMIT_MS = 30_000;

async function reaches(value: () => Promise<number | undefined>, wanted: number): Promise<void> {
  equal(await until(async () => (await value()) === wanted, LIMIT_MS), true, `it stayed at ${await value()}`);
}

const WINDOW = {
  load: { group: 'all', ratePerSecond: 200, bodyBytes: 1_024 },
  warmUpSeconds: 0.2,
  catchUpSeconds: 0,
  seconds: 0.5,
};

test('a window counts what was due in it, and each event arrives once', async (t) => {
  const rig = await start(t, { kind: 'answer' });
  const { offeredPerSecond, missing, latencyMs, workerRssBytes } = await measureWindow(rig, {
    ...WINDOW,
    graceSeconds: LIMIT_MS / 1e3,
  });
  deepEqual([offeredPerSecond, missing, latencyMs.count], [200, 0, 100]);
  equal(latencyMs.p50 > 0 && workerRssBytes > 2 ** 20, true);
  const { numbers, repeated } = await rig.receivers.tally('all');
  // The warm-up's are at least 40.
  deepEqual([numbers.size >= 140, repeated], [true, 0]);
  await reaches(async () => (await rig.published())['all'], numbers.size);
  await reaches(() => rig.pending(), 0);
});

test('events that never come count, with the time that they had', async (t) => {
  const rig = await start(t, { kind: 'hang' });
  const graceSeconds = 0.3;
  const { deliveredPerSecond, missing, latencyMs } = await measureWindow(rig, { ...WINDOW, graceSeconds });
  deepEqual([deliveredPerSecond, missing, latencyMs.count], [0, 100, 100]);
  equal(latencyMs.p50 >= graceSeconds * 1e3 * 0.99, true);
  await reaches(async () => (await rig.pending()) - (await rig.published())['all']!, 0);
});

test('a stream ends after as many events as it was given', async (t) => {
  const rig = await start(t, { kind: 'answer' });
  await rig.publish({ ...WINDOW.load, most: 7 }, machineMicros());
  await reaches(async () => (await rig.receivers.counts()).delivered['all'], 7);
  await reaches(async () => (await rig.published())['all'], 7);
});

test('a flag that this version does not know is left out', () => {
  deepEqual(flagIfKnown('lease', '30s'), ['--lease', '30s']);
  deepEqual(flagIfKnown('from-another-version', '1'), []);
});
