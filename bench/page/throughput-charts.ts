/** Plots of throughput results: contenders side by side, ratios, and rate and cost over slots, threads and destinations. */
import type { Chart, Series } from '../../src/report/chart.ts';
import { HEADLINE } from '../cases.ts';
import type { CaseReport } from '../throughput.ts';
import type { ContenderSummary, Ratios } from '../turns.ts';
import type { NamedResult, Result } from './result.ts';

type Throughput = Extract<Result, { scenario: 'throughput' }>;

/** What a ratio is of, and to whom. */
const RATIOS: Readonly<Record<keyof Ratios, string>> = {
  engine_vs_raw: 'rate: raw undici + HMAC',
  engine_vs_bullmq_undici: 'rate: BullMQ + undici',
  engine_vs_bullmq_fetch: 'rate: BullMQ + fetch',
  cpu_per_delivery_vs_raw: 'CPU: raw undici + HMAC',
};
/** Requests a second that the receivers answer to a load generator alone: the ceiling of every contender. */
const CEILING = 'receivers alone (autocannon)';

/** The plots of one result. */
export function throughputCharts(result: Throughput): Chart[] {
  const { cases } = result;
  return [
    perContender(
      result,
      'Deliveries per second',
      'deliveries/s',
      (summary) => summary.deliveriesPerSecond.median,
    ),
    perContender(result, 'CPU of a delivery', 'µs', (summary) => summary.cpuMicrosPerDelivery.median),
    ratiosChart(cases),
    ...overDestinations(cases),
  ];
}

/** Rate against slots and against threads, where several results differ in them. */
export function sweepCharts(results: readonly NamedResult[]): Chart[] {
  const runs = results.flatMap(({ result }) => (result.scenario === 'throughput' ? [result] : []));
  return [
    ...sweep(
      runs,
      'slots per thread',
      'threads',
      (run) => run.slotsPerThread,
      (run) => run.threads,
    ),
    ...sweep(
      runs,
      'threads',
      'slots per thread',
      (run) => run.threads,
      (run) => run.slotsPerThread,
    ),
  ];
}

function perContender(
  result: Throughput,
  title: string,
  yLabel: string,
  value: (summary: ContenderSummary) => number,
): Chart {
  const { cases, threads, slotsPerThread, bodyBytes } = result;
  const names = [...new Set(cases.flatMap(({ contenders }) => Object.keys(contenders)))];
  const series = names.map((name): Series => {
    const of = ({ contenders }: CaseReport) => contenders[name];
    return { name, values: cases.map((entry) => (of(entry) === undefined ? null : value(of(entry)!))) };
  });
  return {
    kind: 'bars',
    title,
    note: `Medians of interleaved rounds: ${threads} threads of ${slotsPerThread} slots, bodies of ${bodyBytes} bytes; receivers and Redis on the same machine.`,
    xLabel: 'case',
    yLabel,
    x: cases.map(({ name }) => name),
    series: yLabel === 'deliveries/s' ? [...series, ...ceilingOf(result)] : series,
  };
}

function ceilingOf(result: Throughput): Series[] {
  const { receiverCeiling } = result as { receiverCeiling?: { readonly autocannon: number } | null };
  if (receiverCeiling === undefined || receiverCeiling === null) return [];
  return [{ name: CEILING, values: result.cases.map(() => receiverCeiling.autocannon), isLimit: true }];
}

function ratiosChart(cases: readonly CaseReport[]): Chart {
  const names = Object.keys(RATIOS) as (keyof Ratios)[];
  return {
    kind: 'bars',
    title: "Volley's rate and CPU as ratios of the others'",
    note: 'Of runs seconds apart in the same round, so that what slows the machine slows both. Above 1 in rate is faster; below 1 in CPU is less.',
    xLabel: 'case',
    yLabel: 'ratio',
    x: cases.map(({ name }) => name),
    series: [
      ...names.map((name) => ({ name: RATIOS[name], values: cases.map(({ ratios }) => ratios[name]) })),
      { name: 'as much', values: cases.map(() => 1), isLimit: true },
    ],
  };
}

/** What a delivery costs by the number of destinations, for each scheme that was run with several. */
function overDestinations(cases: readonly CaseReport[]): Chart[] {
  const counts = ascending(cases.map(({ destinations }) => destinations));
  if (counts.length < 2) return [];
  const costOf = (scheme: string, destinations: number) =>
    cases.find((entry) => entry.scheme === scheme && entry.destinations === destinations)?.contenders[
      'volley'
    ]?.cpuMicrosPerDelivery.median ?? null;
  const schemes = [...new Set(cases.map(({ scheme }) => scheme))];
  return [
    {
      kind: 'lines',
      title: 'Cost of a delivery against destinations',
      note: "CPU of Volley's process for each delivery.",
      xLabel: 'destinations',
      yLabel: 'CPU µs',
      xLogarithmic: true,
      x: counts,
      series: schemes.map((scheme) => ({
        name: scheme,
        values: counts.map((count) => costOf(scheme, count)),
      })),
    },
  ];
}

function sweep(
  runs: readonly Throughput[],
  xLabel: string,
  seriesLabel: string,
  xOf: (run: Throughput) => number,
  seriesOf: (run: Throughput) => number,
): Chart[] {
  const x = ascending(runs.map(xOf));
  if (x.length < 2) return [];
  const rate = (run: Throughput) =>
    (run.cases.find(({ name }) => name === HEADLINE) ?? run.cases[0])?.contenders['volley']
      ?.deliveriesPerSecond.median ?? null;
  const series = ascending(runs.map(seriesOf)).map((level) => ({
    name: `${level} ${seriesLabel}`,
    values: x.map((place) => {
      const run = runs.find((each) => xOf(each) === place && seriesOf(each) === level);
      return run === undefined ? null : rate(run);
    }),
  }));
  return [
    {
      kind: 'lines',
      title: `Throughput against ${xLabel}`,
      note: `Volley, ${HEADLINE} where that was run.`,
      xLabel,
      yLabel: 'deliveries/s',
      x,
      series,
    },
  ];
}

/** Without repetition. */
export function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
