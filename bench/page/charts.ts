/** Plots of a result, by its scenario. */
import type { Chart } from '../../src/report/chart.ts';
import { bandwidthCharts } from './bandwidth-charts.ts';
import { brokersCharts } from './brokers-charts.ts';
import { isolationCharts } from './isolation-charts.ts';
import { planCheckChart } from './plan-check-chart.ts';
import type { ConnectionsResult, LatencyResult, Result } from './result.ts';
import { scaleCharts } from './scale-charts.ts';
import { ascending, throughputCharts } from './throughput-charts.ts';

export function chartsOf(result: Result): Chart[] {
  switch (result.scenario) {
    case 'throughput':
      return [...throughputCharts(result), ...planCheckChart(result)];
    case 'peers':
      return [peersChart(result)];
    case 'bandwidth':
      return bandwidthCharts(result);
    case 'latency':
      return [percentileChart(result)];
    case 'isolation':
      return isolationCharts(result);
    case 'connections':
      return [slotsChart(result), ...planCheckChart(result)];
    case 'scale':
      return scaleCharts(result);
    case 'brokers':
      return brokersCharts(result);
    case 'start':
      return [startChart(result)];
    case 'hosts':
      return [memoryChart(result)];
    default:
      return result satisfies never;
  }
}

/** Within which the first delivery is wanted. */
const FIRST_DELIVERY_LIMIT_MS = 1_000;

/** Percentiles as how many events there are for each one that is slower: 50 % are one in 2, 99.9 % one in 1 000. */
const PERCENTILES = [
  { oneIn: 2, key: 'p50Ms' },
  { oneIn: 10, key: 'p90Ms' },
  { oneIn: 100, key: 'p99Ms' },
  { oneIn: 1_000, key: 'p999Ms' },
] as const;

function percentileChart({ shares, maximumPerSecond }: LatencyResult): Chart {
  return {
    kind: 'lines',
    title: 'Latency percentiles, from due to received',
    note: `In an open loop, at shares of the ${Math.round(maximumPerSecond).toLocaleString('en')} events/s that the machine keeps up with; one in 100 is p99. Medians of the rounds.`,
    xLabel: 'one event in … is slower',
    yLabel: 'ms',
    xLogarithmic: true,
    yLogarithmic: true,
    x: PERCENTILES.map(({ oneIn }) => oneIn),
    series: shares.map((share) => ({
      name: `${share.share * 100} % of the maximum`,
      values: PERCENTILES.map(({ key }) => share[key].median),
    })),
  };
}

function slotsChart({ points }: ConnectionsResult): Chart {
  const fixed = points.flatMap(({ slotsPerCore }) => (slotsPerCore === 'auto' ? [] : [slotsPerCore]));
  const x = ascending(fixed);
  const rate = (receiverMs: number, slots: number | 'auto') =>
    points.find((point) => point.receiverMs === receiverMs && point.slotsPerCore === slots)
      ?.deliveriesPerSecond ?? null;
  return {
    kind: 'lines',
    title: 'Throughput against slots, by how long receivers take',
    note: 'The dashed lines are what --concurrency auto came to.',
    xLabel: 'slots per core',
    yLabel: 'deliveries/s',
    xLogarithmic: true,
    x,
    series: ascending(points.map(({ receiverMs }) => receiverMs)).flatMap((receiverMs) => {
      const auto = rate(receiverMs, 'auto');
      return [
        { name: `${receiverMs} ms`, values: x.map((slots) => rate(receiverMs, slots)) },
        ...(auto === null
          ? []
          : [{ name: `${receiverMs} ms, auto`, values: x.map(() => auto), isLimit: true }]),
      ];
    }),
  };
}

/** Contenders and load generators, a bar each in every case. */
function peersChart({ cases }: Extract<Result, { scenario: 'peers' }>): Chart {
  const rates = cases.map(({ contenders, generators }) => ({
    ...Object.fromEntries(
      Object.entries(contenders).map(([name, summary]) => [name, summary.deliveriesPerSecond]),
    ),
    ...generators,
  }));
  const names = [...new Set(rates.flatMap((rate) => Object.keys(rate)))];
  return {
    kind: 'bars',
    title: 'Requests per second, side by side',
    note: 'The load generators have no queue and no signatures.',
    xLabel: 'case',
    yLabel: 'requests/s',
    x: cases.map(({ name }) => name),
    series: names.map((name) => ({ name, values: rates.map((rate) => rate[name]?.median ?? null) })),
  };
}

function startChart({ firstDeliveriesMs }: Extract<Result, { scenario: 'start' }>): Chart {
  return {
    kind: 'bars',
    title: 'From the start of a worker to its first delivery',
    note: "Node's own start is in it.",
    xLabel: 'start',
    yLabel: 'ms',
    x: firstDeliveriesMs.map((_, index) => String(index + 1)),
    series: [
      { name: 'first delivery', values: firstDeliveriesMs },
      { name: 'at most', values: firstDeliveriesMs.map(() => FIRST_DELIVERY_LIMIT_MS), isLimit: true },
    ],
  };
}

function memoryChart({ samples }: Extract<Result, { scenario: 'hosts' }>): Chart {
  return {
    kind: 'lines',
    title: 'Memory over hosts seen',
    note: 'Must not grow with them, once the bound on sockets is reached.',
    xLabel: 'tenths of the hosts',
    yLabel: 'RSS, MiB',
    x: samples.map((_, index) => index + 1),
    series: [{ name: 'RSS', values: samples.map(({ rssBytes }) => rssBytes / 2 ** 20) }],
  };
}
