/** The connections scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines, mib, ratio } from '../figures.ts';
import { noiseLines } from '../noise.ts';
import { planCheckLines } from '../plan-check.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import { table } from '../table.ts';
import { type ConnectionsPoint, type ConnectionsReport, measureConnections } from './connections.ts';
import { type ConnectionsFlags, HELP, parseFlags } from './flags.ts';

export const CONNECTIONS: Scenario<ConnectionsFlags, ConnectionsReport> = {
  help: HELP,
  parseFlags,
  measure: measureConnections,
  text(report, emphasise) {
    const { bodyBytes, rounds, seconds, points, planChecks } = report;
    const lines = [
      ...machineLines(report),
      `volley worker, ${count(bodyBytes)} bytes; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s`,
      ...(report.quick ? [QUICK_NOTE] : []),
      '',
      table(HEADING, points.map(row), emphasise),
      ...noiseLines({ rate: report.noise }),
      '',
      ...planCheckLines(planChecks),
    ];
    return `${lines.join('\n')}\n`;
  },
};

const HEADING = [
  'receiver ms',
  'slots per core',
  'deliveries/s',
  'min',
  'max',
  'of best fixed',
  'CPU µs each',
  'sockets',
  'RSS MiB',
];

function row(point: ConnectionsPoint): string[] {
  return [
    count(point.receiverMs),
    String(point.slotsPerCore),
    count(point.deliveriesPerSecond),
    count(point.ratePerSecond.min),
    count(point.ratePerSecond.max),
    ratio(point.ofBest),
    decimal(point.cpuMicrosPerDelivery),
    count(point.sockets),
    mib(point.rssBytes),
  ];
}
