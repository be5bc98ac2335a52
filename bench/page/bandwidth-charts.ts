/** Plots of a bandwidth result: gigabits and CPU by the size of bodies, Volley beside the others. */
import type { Chart } from '../../src/report/chart.ts';
import type { BandwidthContender } from '../bandwidth/bandwidth.ts';
import type { Result } from './result.ts';
import { ascending } from './throughput-charts.ts';

type Bandwidth = Extract<Result, { scenario: 'bandwidth' }>;

export function bandwidthCharts({ points }: Bandwidth): Chart[] {
  const x = ascending(points.map(({ bodyBytes }) => bodyBytes));
  const schemes = [...new Set(points.map(({ scheme }) => scheme))];
  const names = [...new Set(points.flatMap(({ contenders }) => Object.keys(contenders)))];
  const at = (scheme: string, bodyBytes: number) =>
    points.find((point) => point.scheme === scheme && point.bodyBytes === bodyBytes);
  const chart = (title: string, yLabel: string, of: (summary: BandwidthContender) => number): Chart => ({
    kind: 'lines',
    title,
    note: 'Of bodies alone; medians of interleaved rounds, receivers and Redis on the same machine.',
    xLabel: 'bytes of a body',
    yLabel,
    xLogarithmic: true,
    yLogarithmic: true,
    x,
    series: schemes.flatMap((scheme) =>
      names.map((name) => ({
        name: `${scheme}, ${name}`,
        values: x.map((bodyBytes) => {
          const summary = at(scheme, bodyBytes)?.contenders[name];
          return summary === undefined ? null : of(summary);
        }),
      })),
    ),
  });
  return [
    chart('Bandwidth by the size of bodies', 'Gb/s', (summary) => summary.gigabitsPerSecond.median),
    chart(
      'CPU of a delivery by the size of bodies',
      'CPU µs',
      (summary) => summary.cpuMicrosPerDelivery.median,
    ),
    {
      kind: 'lines',
      title: "Volley's bandwidth as a ratio of the raw loop's",
      note: 'Of runs seconds apart in the same round.',
      xLabel: 'bytes of a body',
      yLabel: 'ratio',
      xLogarithmic: true,
      x,
      series: schemes.map((scheme) => ({
        name: scheme,
        values: x.map((bodyBytes) => at(scheme, bodyBytes)?.ratios.engine_vs_raw ?? null),
      })),
    },
  ];
}
