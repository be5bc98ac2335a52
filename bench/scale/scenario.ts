/** The scale scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines, mib, ratio } from '../figures.ts';
import { noiseLines } from '../noise.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import { table } from '../table.ts';
import { HELP, parseFlags, type ScaleFlags } from './flags.ts';
import { measureScale, type ScalePoint, type ScaleReport } from './scale.ts';

export const SCALE: Scenario<ScaleFlags, ScaleReport> = {
  help: HELP,
  parseFlags,
  measure: measureScale,
  text(report, emphasise) {
    const { threads, slotsPerThread, bodyBytes, rounds, ratios } = report;
    const lines = [
      ...machineLines(report),
      `${threads} threads of ${slotsPerThread} slots, ${count(bodyBytes)} bytes; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
      ...(report.quick ? [QUICK_NOTE] : []),
      '',
      table(HEADING, [...report.points, ...report.hostPoints].map(row), emphasise),
      '',
      emphasise(
        `CPU of a delivery with the most, of that with the least: queued ${ratio(ratios.cpu_by_queued)}, ` +
          `destinations ${ratio(ratios.cpu_by_destinations)}, hosts ${ratio(ratios.cpu_by_hosts)}`,
      ),
      ...noiseLines({ CPU: report.noise }, report.undecided),
    ];
    return `${lines.join('\n')}\n`;
  },
};

const HEADING = ['queued', 'destinations', 'hosts', 'deliveries/s', 'CPU µs each', 'Redis µs', 'RSS MiB'];

function row(point: ScalePoint): string[] {
  return [
    count(point.queued),
    count(point.destinations),
    count(point.hosts),
    count(point.deliveriesPerSecond),
    decimal(point.cpuMicrosPerDelivery),
    decimal(point.redisMicrosPerDelivery),
    mib(point.rssBytes),
  ];
}
