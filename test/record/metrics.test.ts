import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { Metrics } from '../../src/record/metrics.ts';

test('percentiles are right to two digits', () => {
  const metrics = new Metrics();
  for (let ms = 1; ms <= 1_000; ms++) metrics.delivered(ms, 10 * ms);
  const { count, p50, p90, p99, p999, max } = metrics.attemptLatencyMs;
  equal(count, 1_000);
  for (const [found, exact] of [
    [p50, 500],
    [p90, 900],
    [p99, 990],
    [p999, 999],
    [max, 1_000],
  ] as const)
    ok(Math.abs(found / exact - 1) < 0.01, `${found} for ${exact}`);
  ok(Math.abs(metrics.eventAgeMs.p50 / 5_000 - 1) < 0.01);
  equal(metrics.counters.delivered, 1_000);
});

test('nothing measured is nothing, not an error', () => {
  deepEqual(new Metrics().attemptLatencyMs, { count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
});

test('an event without a timestamp has no age, and what is out of range is counted at its edge', () => {
  const metrics = new Metrics();
  metrics.delivered(0, -1);
  metrics.delivered(1e12, 1e12);
  equal(metrics.attemptLatencyMs.count, 2);
  equal(metrics.eventAgeMs.count, 1);
  ok(metrics.attemptLatencyMs.max >= 3_600_000 && metrics.attemptLatencyMs.max < 3_700_000);
});
