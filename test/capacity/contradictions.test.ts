import { equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { contradictionIn } from '../../src/capacity/contradictions.ts';
import type { PlanInputs } from '../../src/capacity/inputs.ts';
import { inputsOf } from './plan-testing.ts';

const CASES: readonly [Partial<PlanInputs>, RegExp][] = [
  [{ eventsPerSecond: null }, /^no load is given: give \{eventsPerSecond\}/],
  [{ dailyCurve: Array.from({ length: 24 }, () => 0) }, /\{dailyCurve\} is 0 at every hour/],
  [{ latencyP50Ms: 301 }, /^\{latencyP95Ms\} \(300 ms\) is below \{latencyP50Ms\} \(301 ms\), .*: raise/],
  [{ latencyP99Ms: 299 }, /^\{latencyP99Ms\} \(299 ms\) is below \{latencyP95Ms\} \(300 ms\)/],
  [{ latencyP99Ms: 8_001 }, /\{latencyP99Ms\} is above \{deadlineMs\}, .* count them in \{timeoutPercent\}/],
  [{ errorPercent: 60, timeoutPercent: 40 }, /nothing is ever delivered/],
  [{ payloadBytes: 2_000, payloadMaxBytes: 1_999 }, /the mean of \{payloadBytes\} is above/],
  [{ destinations: 3, busiestPercent: 33 }, /give \{busiestPercent\} 33\.34 or more/],
];

for (const [given, text] of CASES)
  test(`no plan is made of ${JSON.stringify(given).slice(0, 60)}, and the fix is told`, () => {
    const found = contradictionIn(inputsOf(given))!;
    match(found.text, text);
    // What is named can be turned into flags.
    const inputs = inputsOf({});
    for (const [, name = ''] of found.text.matchAll(/\{(\w+)\}/g)) ok(Object.hasOwn(inputs, name), name);
  });

test('inputs at the edge do not contradict each other', () => {
  for (const given of [
    {},
    { latencyP50Ms: 300, latencyP95Ms: 300, latencyP99Ms: 300 },
    { latencyP99Ms: 8_000 },
    { errorPercent: 99.9, timeoutPercent: 0 },
    { destinations: 3, busiestPercent: 33.34 },
  ])
    equal(contradictionIn(inputsOf(given)), null);
});
