/** Plots of a scale result: what a delivery costs by what is queued, by destinations and by hosts. */
import type { Chart } from '../../src/report/chart.ts';
import type { ScaleResult } from './result.ts';
import { ascending } from './throughput-charts.ts';

export function scaleCharts({ points, hostPoints = [] }: ScaleResult): Chart[] {
  const chart = (
    title: string,
    xLabel: string,
    xOf: (point: ScaleResult['points'][number]) => number,
    levelOf: (point: ScaleResult['points'][number]) => number,
    levelLabel: string,
    of = points,
  ): Chart => {
    const x = ascending(of.map(xOf));
    return {
      kind: 'lines',
      title,
      note: "CPU of Volley's process for each delivery.",
      xLabel,
      yLabel: 'CPU µs',
      xLogarithmic: true,
      x,
      series: ascending(of.map(levelOf)).map((level) => ({
        name: `${level.toLocaleString('en')} ${levelLabel}`,
        values: x.map(
          (place) =>
            of.find((point) => xOf(point) === place && levelOf(point) === level)?.cpuMicrosPerDelivery ??
            null,
        ),
      })),
    };
  };
  const [queued, destinations] = [
    (point: ScaleResult['points'][number]) => point.queued,
    (point: ScaleResult['points'][number]) => point.destinations,
  ];
  return [
    chart('Cost of a delivery against what is queued', 'queued', queued, destinations, 'destinations'),
    chart('Cost of a delivery against destinations', 'destinations', destinations, queued, 'queued'),
    ...(hostPoints.length === 0
      ? []
      : [chart('Cost of a delivery against hosts', 'hosts', destinations, queued, 'queued', hostPoints)]),
  ];
}
