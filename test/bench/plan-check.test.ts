import { deepEqual, equal, throws } from 'node:assert/strict';
import test from 'node:test';
import { parseFlags } from '../../bench/connections/flags.ts';
import { planCheck, planCheckLines } from '../../bench/plan-check.ts';
import { isWithinTolerance } from '../../src/capacity/prediction.ts';

const BENCH = { cores: 2, cpuMicros: 100, slots: 40, receiverMs: 0 };

test('a prediction is held against what was measured', () => {
  const check = planCheck('ten', BENCH, 16_000);
  deepEqual(check, {
    of: 'ten',
    predictedPerSecond: 20_000,
    measuredPerSecond: 16_000,
    ratio: 1.25,
  });
  equal(isWithinTolerance(check.ratio), false);
  equal(isWithinTolerance(planCheck('ten', BENCH, 18_000).ratio), true);
  equal(isWithinTolerance(planCheck('ten', BENCH, 26_000).ratio), false);
});

test('what was predicted badly is named, and the rest counted', () => {
  const checks = [planCheck('ten', BENCH, 20_000), planCheck('twenty', BENCH, 10_000)];
  deepEqual(planCheckLines(checks), [
    "The planner's model is within 20 % of 1 of 2 measured runs, but not of",
    '  twenty: predicted 20 000/s, measured 10 000/s, ratio 2.00',
  ]);
  deepEqual(planCheckLines([]), []);
});

test('slots are numbers that the worker takes', () => {
  deepEqual(parseFlags(['--slots', '20,5000', '--receiver-ms', '10']).slotsPerCore, [20, 5_000]);
  for (const slots of ['0', '5001', 'some', '20,'])
    throws(() => parseFlags(['--slots', slots]), { code: 'VOLLEY_USAGE', message: /^--slots: / });
});
