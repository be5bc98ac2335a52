/** Plots of a brokers result: how fast events are published and delivered by each, and what that costs. */
import type { Chart } from '../../src/report/chart.ts';
import type { Result } from './result.ts';

export function brokersCharts({ brokers }: Extract<Result, { scenario: 'brokers' }>): Chart[] {
  const works = [
    { name: 'published one a call', of: (broker: (typeof brokers)[number]) => broker.publishedSingly },
    { name: 'published several a call', of: (broker: (typeof brokers)[number]) => broker.publishedInBatches },
    { name: 'delivered', of: (broker: (typeof brokers)[number]) => broker.delivered },
  ];
  const chart = (title: string, yLabel: string, key: 'perSecond' | 'cpuMicros'): Chart => ({
    kind: 'bars',
    title,
    note: '',
    xLabel: 'broker',
    yLabel,
    x: brokers.map(({ name }) => name),
    series: works.map(({ name, of }) => ({ name, values: brokers.map((broker) => of(broker)[key].median) })),
  });
  return [
    chart('Events per second by broker', 'events/s', 'perSecond'),
    chart('CPU of an event by broker', 'CPU µs', 'cpuMicros'),
  ];
}
