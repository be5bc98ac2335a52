/** Plots of healthy destinations beside a bad one, and beside one whose deliveries are parked. */
import type { Chart } from '../../src/report/chart.ts';
import type { IsolationResult, ParkedResult } from './result.ts';

/** None of what a run left out: it may be of some cases alone. */
export function isolationCharts({ cases, parked }: IsolationResult): Chart[] {
  return [
    ...(cases.length === 0 ? [] : neighbourCharts(cases)),
    ...(parked === undefined || parked === null ? [] : parkedCharts(parked)),
  ];
}

function neighbourCharts(cases: IsolationResult['cases']): Chart[] {
  const chart = (title: string, key: 'healthy_rate' | 'healthy_p99', goal: string, limit: number): Chart => ({
    kind: 'bars',
    title,
    note: 'As a ratio of the undisturbed runs around it.',
    xLabel: 'neighbour',
    yLabel: 'ratio',
    x: cases.map(({ name }) => name),
    series: [
      { name: 'ratio', values: cases.map(({ ratios }) => ratios[key]) },
      { name: goal, values: cases.map(() => limit), isLimit: true },
    ],
  });
  return [
    chart('Rate of the healthy destinations beside a bad one', 'healthy_rate', 'at least', 0.95),
    chart('Their p99 beside a bad one', 'healthy_p99', 'at most', 1.5),
  ];
}

function parkedCharts({ events, healthyLatencyMs, workerRssBytes }: ParkedResult): Chart[] {
  const phases = Object.entries(healthyLatencyMs);
  const moments = Object.entries(workerRssBytes);
  const note = `${events.toLocaleString('en')} deliveries of one dead destination are published, parked, and drained when it is well again.`;
  return [
    {
      kind: 'bars',
      title: 'Latency of the healthy destinations around parked deliveries',
      note,
      xLabel: 'while',
      yLabel: 'ms',
      x: phases.map(([phase]) => phase),
      series: [
        { name: 'p50', values: phases.map(([, { p50 }]) => p50) },
        { name: 'p99', values: phases.map(([, { p99 }]) => p99) },
      ],
    },
    {
      kind: 'bars',
      title: 'Memory of the worker around parked deliveries',
      note,
      xLabel: 'when',
      yLabel: 'RSS, MiB',
      x: moments.map(([moment]) => moment),
      series: [{ name: 'RSS', values: moments.map(([, bytes]) => bytes / 2 ** 20) }],
    },
  ];
}
