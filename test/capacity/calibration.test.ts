import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { type Calibration, calibrationOf } from '../../src/capacity/calibration.ts';
import { costsOf } from '../../src/capacity/costs.ts';
import { predictedPerSecond } from '../../src/capacity/prediction.ts';
import { isClose } from './plan-testing.ts';

/** What `npm run -s bench -- throughput --cases http-10,https-10 --json` printed on 2 cores. */
const SAMPLE = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../bench/samples/throughput.json'), 'utf8'),
);

const calibrated = (result: unknown, scheme: 'http' | 'https') => {
  const calibration = calibrationOf(result, scheme);
  ok('costs' in calibration);
  return calibration as Calibration;
};
const faultOf = (result: unknown, scheme: 'http' | 'https' = 'https') =>
  (calibrationOf(result, scheme) as { fault: string }).fault;

test('costs are those of the run of volley over the scheme, and the rest in proportion', () => {
  const { costs } = calibrated(SAMPLE, 'https');
  const measured = SAMPLE.cases[1].contenders.volley;
  equal(costs.cpuMicros, measured.cpuMicrosPerDelivery.median);
  equal(costs.brokerMicros, measured.redisMicrosPerDelivery.median);
  const built = costsOf('https');
  ok(isClose(costs.mainMicros / built.mainMicros, costs.cpuMicros / built.cpuMicros));
  ok(isClose(costs.connectMicros / built.connectMicros, costs.cpuMicros / built.cpuMicros));
  equal(costs.source, 'https-10 on 2 × AMD EPYC');
  equal(
    calibrated(SAMPLE, 'http').costs.cpuMicros,
    SAMPLE.cases[0].contenders.volley.cpuMicrosPerDelivery.median,
  );
});

test('bodies of another size are taken off in the proportion of the built-in figures', () => {
  const { costs } = calibrated({ ...SAMPLE, bodyBytes: 65_536 }, 'https');
  const { cpuMicros, cpuMicrosPerKib } = costsOf('https');
  const measured = SAMPLE.cases[1].contenders.volley.cpuMicrosPerDelivery.median;
  ok(isClose(costs.cpuMicros + 63 * costs.cpuMicrosPerKib, measured));
  ok(isClose(costs.cpuMicrosPerKib / costs.cpuMicros, cpuMicrosPerKib / cpuMicros));
});

test('the model makes of the run what it was measured as, within a fifth', () => {
  const { check } = calibrated(SAMPLE, 'https');
  const ratio = check.predictedPerSecond / check.measuredPerSecond;
  ok(ratio > 0.8 && ratio < 1.2, String(ratio));
});

test('a machine is as fast as its cores, or as its slots where receivers take their time', () => {
  const bench = { cores: 2, cpuMicros: 50, slots: 40, receiverMs: 0 };
  equal(predictedPerSecond(bench), 40_000);
  ok(isClose(predictedPerSecond({ ...bench, receiverMs: 100 }), 40 / 0.10005));
  equal(predictedPerSecond({ ...bench, receiverMs: 100, slots: 10_000 }), 40_000);
});

test('the case that is nearest to ten destinations is taken', () => {
  const [http] = SAMPLE.cases;
  const many = { ...http, name: 'http-1000', destinations: 1_000 };
  const few = { ...http, name: 'http-1', destinations: 1 };
  match(calibrated({ ...SAMPLE, cases: [many, few] }, 'http').costs.source, /^http-1 on/);
  match(calibrated({ ...SAMPLE, cases: [many, http, few] }, 'http').costs.source, /^http-10 on/);
});

test('a figure that is none leaves the built-in one, and nothing is ever made of it', () => {
  for (const median of ['many', -5, 0, null]) {
    const [http] = SAMPLE.cases;
    const volley = { ...http.contenders.volley, redisMicrosPerDelivery: { median } };
    const { costs, check } = calibrated({ ...SAMPLE, cases: [{ ...http, contenders: { volley } }] }, 'http');
    equal(costs.brokerMicros, costsOf('http').brokerMicros);
    ok(check.predictedPerSecond > 0);
  }
});

test('a quick run, whose figures mean nothing, is no calibration', () => {
  match(faultOf({ ...SAMPLE, quick: true }), /^comes of a run with --quick/);
});

test('what is no result, and one without a run of volley, is told', () => {
  for (const json of [
    null,
    7,
    [],
    {},
    { scenario: 'hosts' },
    { ...SAMPLE, cases: [{}] },
    { ...SAMPLE, machine: null },
    { ...SAMPLE, machine: { ...SAMPLE.machine, cores: 0 } },
    { ...SAMPLE, bodyBytes: -1 },
  ])
    match(faultOf(json), /^is no result of the throughput benchmark: make one with /);
  match(faultOf({ ...SAMPLE, cases: [SAMPLE.cases[0]] }, 'https'), /^holds no run of volley over https: /);
  const without = { ...SAMPLE.cases[0], contenders: { volley: { deliveriesPerSecond: { median: 1 } } } };
  match(faultOf({ ...SAMPLE, cases: [without] }, 'http'), /^holds no run of volley over http: /);
  const broken = { ...SAMPLE.cases[0], contenders: { volley: 'none' } };
  match(faultOf({ ...SAMPLE, cases: [broken] }, 'http'), /^holds no run of volley over http: /);
  deepEqual(Object.keys(calibrationOf(null, 'http')), ['fault']);
});
