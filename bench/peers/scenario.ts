/** The peers scenario as the command line runs it, and its report for people. */
import { count, decimal, machineLines, mib, ratio } from '../figures.ts';
import { QUICK_NOTE, type Scenario } from '../scenario.ts';
import type { Spread } from '../statistics.ts';
import { table } from '../table.ts';
import { turnsNoiseLines } from '../turns.ts';
import {
  HELP,
  measurePeers,
  type PeersCase,
  type PeersFlags,
  type PeersReport,
  parseFlags,
} from './peers.ts';

export const PEERS: Scenario<PeersFlags, PeersReport> = {
  help: HELP,
  parseFlags,
  measure: measurePeers,
  text(report, emphasise) {
    const { threads, slotsPerThread, bodyBytes, rounds, seconds } = report;
    const lines = [
      ...machineLines(report),
      `${threads} threads of ${slotsPerThread} slots, ${count(bodyBytes)} bytes; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s`,
      ...(report.quick ? [QUICK_NOTE] : []),
      ...report.cases.flatMap((entry) => [
        '',
        entry.name,
        table(HEADING, rows(entry), emphasise),
        ...turnsNoiseLines(entry.noise),
      ]),
    ];
    return `${lines.join('\n')}\n`;
  },
};

const HEADING = ['', 'requests/s', 'min', 'max', 'CPU µs each', 'RSS MiB', "Volley's rate of it"];

function rows({ contenders, generators, ratios }: PeersCase): string[][] {
  const ratioTo: Readonly<Record<string, number | null>> = {
    raw: ratios.engine_vs_raw,
    'bullmq-fetch': ratios.engine_vs_bullmq_fetch,
    'bullmq-undici': ratios.engine_vs_bullmq_undici,
    autocannon: ratios.engine_vs_autocannon,
    wrk: ratios.engine_vs_wrk,
  };
  const of = (name: string) => (name in ratioTo ? ratio(ratioTo[name]!) : '');
  const rate = ({ median, min, max }: Spread) => [count(median), count(min), count(max)];
  return [
    ...Object.entries(contenders).map(([name, summary]) => [
      name,
      ...rate(summary.deliveriesPerSecond),
      decimal(summary.cpuMicrosPerDelivery.median),
      mib(summary.rssBytes.median),
      of(name),
    ]),
    ...Object.entries(generators).map(([name, requests]) => [name, ...rate(requests), '', '', of(name)]),
  ];
}
