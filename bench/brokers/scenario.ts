/** The brokers scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines, mib } from '../figures.ts';
import { noiseLines } from '../noise.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import { table } from '../table.ts';
import {
  type BrokerReport,
  type BrokersFlags,
  type BrokersReport,
  HELP,
  measureBrokers,
  parseFlags,
} from './brokers.ts';

export const BROKERS: Scenario<BrokersFlags, BrokersReport> = {
  help: HELP,
  parseFlags,
  measure: measureBrokers,
  text(report, emphasise) {
    const { destinations, bodyBytes, events, batch, rounds, brokers } = report;
    const heading = ['', 'singly/s', 'CPU µs', `by ${batch}/s`, 'CPU µs', 'delivered/s', 'min', 'max'];
    const lines = [
      ...machineLines(report),
      `${count(events)} events of ${count(bodyBytes)} bytes to ${destinations} destinations; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
      ...(report.quick ? [QUICK_NOTE] : []),
      '',
      'Published one event a call and several, then delivered',
      table([...heading, 'CPU µs', 'Redis µs', 'RSS MiB'], brokers.map(row), emphasise),
      ...noiseLines(report.noise),
    ];
    return `${lines.join('\n')}\n`;
  },
};

function row({ name, publishedSingly, publishedInBatches, delivered, ...rest }: BrokerReport): string[] {
  return [
    name,
    count(publishedSingly.perSecond.median),
    decimal(publishedSingly.cpuMicros.median),
    count(publishedInBatches.perSecond.median),
    decimal(publishedInBatches.cpuMicros.median),
    count(delivered.perSecond.median),
    count(delivered.perSecond.min),
    count(delivered.perSecond.max),
    decimal(delivered.cpuMicros.median),
    rest.redisMicrosPerDelivery === null ? '' : decimal(rest.redisMicrosPerDelivery.median),
    mib(rest.rssBytes.median),
  ];
}
