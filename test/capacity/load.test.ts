import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { costsOf } from '../../src/capacity/costs.ts';
import type { PlanInputs } from '../../src/capacity/inputs.ts';
import { loadOf, meanAnswerMs } from '../../src/capacity/load.ts';
import { inputsOf, isClose } from './plan-testing.ts';

const COSTS = costsOf('https');
const load = (given: Partial<PlanInputs>) => loadOf(inputsOf(given), COSTS);

test('the mean of the answers lies on straight lines between the percentiles, and its tail ends at the deadline', () => {
  const percentiles = { latencyP50Ms: 80, latencyP95Ms: 300, latencyP99Ms: 1_000 };
  // 0.5 × 80 + 0.45 × 190 + 0.04 × 650 + 0.01 × (1000 + 1000² / 300) / 2
  ok(isClose(meanAnswerMs({ ...percentiles, deadlineMs: 8_000 }), 40 + 85.5 + 26 + (10 + 100 / 3) / 2));
  // … and with a deadline below that last value, up to it: 0.01 × (1000 + 2000) / 2
  ok(isClose(meanAnswerMs({ ...percentiles, deadlineMs: 2_000 }), 40 + 85.5 + 26 + 15));
  const even = meanAnswerMs({ latencyP50Ms: 7, latencyP95Ms: 7, latencyP99Ms: 7, deadlineMs: 8_000 });
  ok(isClose(even, 7));
});

test('a slot is held by answers, by connections that are new, by deadlines and by our own work', () => {
  const same = { latencyP50Ms: 100, latencyP95Ms: 100, latencyP99Ms: 100, roundTripMs: 50 };
  const mixed = load({ ...same, reusePercent: 90, timeoutPercent: 1, deadlineMs: 8_000 });
  // 99 % × (100 + 10 % × two round trips of 50) + 1 % × 8000, and the CPU of an attempt
  ok(isClose(mixed.slotMs, 0.99 * 110 + 80 + mixed.cpuMicros / 1000));
  ok(isClose(mixed.cpuMicros, COSTS.cpuMicros + 0.1 * COSTS.connectMicros));
  const plain = load({ ...same, scheme: 'http', reusePercent: 0, timeoutPercent: 0 });
  ok(isClose(plain.slotMs, 100 + 50 + plain.cpuMicros / 1000));
});

test('attempts are a geometric series that ends with the schedule', () => {
  const { attemptsPerEvent, delaySeconds, deadShare } = load({
    errorPercent: 40,
    timeoutPercent: 10,
    retryScheduleMs: [1_000, 2_000],
  });
  deepEqual(
    { attemptsPerEvent, delaySeconds, deadShare },
    {
      attemptsPerEvent: 1 + 0.5 + 0.25,
      delaySeconds: 0.5 * 1 + 0.25 * 2,
      deadShare: 0.125,
    },
  );
  const sound = load({ errorPercent: 0, timeoutPercent: 0 });
  deepEqual([sound.attemptsPerEvent, sound.delaySeconds, sound.deadShare], [1, 0, 0]);
});

test('what is required is the surge, or the recovery where that asks for more', () => {
  const surge = load({ eventsPerSecond: 100, surge: 3, outageMs: 60_000, recoveryMs: 60_000 });
  deepEqual([surge.surgePerSecond, surge.recoveryPerSecond, surge.requiredPerSecond], [300, 200, 300]);
  equal(surge.backlogEvents, 6_000);
  const recovery = load({ eventsPerSecond: 100, surge: 3, outageMs: 60_000, recoveryMs: 20_000 });
  deepEqual([recovery.recoveryPerSecond, recovery.requiredPerSecond], [400, 400]);
  const calm = load({ eventsPerSecond: 100, surge: 1, outageMs: 0 });
  deepEqual([calm.backlogEvents, calm.requiredPerSecond], [0, 100]);
});

test('a daily curve says the peak, or with a rate the shape alone', () => {
  const dailyCurve = Array.from({ length: 24 }, (_, hour) => (hour === 12 ? 50 : 10));
  const own = load({ eventsPerSecond: null, dailyCurve });
  deepEqual([own.peakPerSecond, own.hourly], [50, dailyCurve]);
  const shaped = load({ eventsPerSecond: 500, dailyCurve });
  deepEqual([shaped.peakPerSecond, shaped.hourly[0], shaped.hourly[12]], [500, 100, 500]);
  deepEqual(
    load({ eventsPerSecond: 7 }).hourly,
    Array.from({ length: 24 }, () => 7),
  );
});

test('the busiest address has a tenth of the events, an equal share where that is more, or what is said', () => {
  equal(load({ destinations: 1_000 }).busiestShare, 0.1);
  equal(load({ destinations: 4 }).busiestShare, 0.25);
  equal(load({ destinations: 4, busiestPercent: 60 }).busiestShare, 0.6);
});
