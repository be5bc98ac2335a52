/** The bandwidth scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines, mib, ratio } from '../figures.ts';
import { noiseText } from '../noise.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import { table } from '../table.ts';
import {
  type BandwidthFlags,
  type BandwidthPoint,
  type BandwidthReport,
  HELP,
  measureBandwidth,
  parseFlags,
} from './bandwidth.ts';

export const BANDWIDTH: Scenario<BandwidthFlags, BandwidthReport> = {
  help: HELP,
  parseFlags,
  measure: measureBandwidth,
  text(report, emphasise) {
    const { destinations, threads, slotsPerThread, rounds, points } = report;
    const lines = [
      ...machineLines(report),
      `${destinations} destinations, ${threads} threads of ${slotsPerThread} slots; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`,
      ...(report.quick ? [QUICK_NOTE] : []),
      '',
      table(HEADING, points.flatMap(rows), emphasise),
    ];
    return `${lines.join('\n')}\n`;
  },
};

const HEADING = [
  '',
  'bytes',
  'Gb/s',
  'min',
  'max',
  'deliveries/s',
  'CPU µs each',
  'Redis µs',
  'RSS MiB',
  'of raw',
  'noise',
  '',
  'CPU of raw',
];

function rows({ scheme, bodyBytes, contenders, ratios, noise }: BandwidthPoint): string[][] {
  return Object.entries(contenders).map(([name, summary]) => [
    `${scheme} ${name}`,
    count(bodyBytes),
    decimal(summary.gigabitsPerSecond.median),
    decimal(summary.gigabitsPerSecond.min),
    decimal(summary.gigabitsPerSecond.max),
    count(summary.deliveriesPerSecond.median),
    count(summary.cpuMicrosPerDelivery.median),
    summary.redisMicrosPerDelivery === null ? '' : count(summary.redisMicrosPerDelivery.median),
    mib(summary.rssBytes.median),
    ...(name === 'volley'
      ? [
          ratio(ratios.engine_vs_raw),
          noiseText(noise.rate),
          noise.undecided.includes('engine_vs_raw') ? 'no winner' : '',
          ratio(ratios.cpu_per_delivery_vs_raw),
        ]
      : []),
  ]);
}
