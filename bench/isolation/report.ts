/** The isolation report for people. */
import { count, decimal, machineLines, mib } from '../figures.ts';
import { QUICK_NOTE } from '../scenario.ts';
import type { Spread } from '../statistics.ts';
import { table } from '../table.ts';
import type { IsolationReport } from './isolation.ts';
import type { ParkedReport } from './parked.ts';
import { GOALS, type NeighbourReport, type UndisturbedReport } from './rounds.ts';

export function isolationText(report: IsolationReport, emphasise: (line: string) => string): string {
  const maximum = report.maximumPerSecond === null ? '' : `, of at most ${count(report.maximumPerSecond)}/s`;
  const lines = [
    ...machineLines(report),
    `${report.healthyDestinations} healthy destinations, ${count(report.healthyPerSecond)} events/s of ` +
      `${count(report.bodyBytes)} bytes in an open loop${maximum}`,
  ];
  if (report.quick) lines.push(QUICK_NOTE);
  if (report.undisturbed !== null)
    lines.push('', ...roundsLines(report.undisturbed, report.cases, report, emphasise));
  if (report.parked !== null) lines.push('', ...parkedLines(report.parked, emphasise));
  return `${lines.join('\n')}\n`;
}

function roundsLines(
  undisturbed: UndisturbedReport,
  cases: readonly NeighbourReport[],
  { rounds, seconds }: IsolationReport,
  emphasise: (line: string) => string,
): string[] {
  const { noise } = undisturbed;
  const heading = ['', 'delivered/s', 'ratio', '', 'p99 ms', 'ratio', '', 'never came'];
  const rows = [
    [
      'undisturbed',
      ranged(undisturbed.deliveredPerSecond, count),
      '',
      '',
      ranged(undisturbed.p99Ms, decimal),
    ],
    ...cases.map((entry) => [
      entry.name,
      ranged(entry.deliveredPerSecond, count),
      entry.ratios.healthy_rate!.toFixed(2),
      entry.verdicts.healthy_rate,
      ranged(entry.p99Ms, decimal),
      entry.ratios.healthy_p99!.toFixed(2),
      entry.verdicts.healthy_p99,
      count(entry.missing.median),
    ]),
  ];
  const between = ({ min, max }: Spread) => `${min.toFixed(2)} to ${max.toFixed(2)}`;
  return [
    `The healthy destinations beside each neighbour: medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s (least to most)`,
    table(heading, rows, emphasise),
    `Wanted: rate at least ${GOALS.healthy_rate.limit}, p99 at most ${GOALS.healthy_p99.limit} of the undisturbed runs before and after.`,
    `Noise, what undisturbed runs come to so: rate ${between(noise.healthy_rate)}, p99 ${between(noise.healthy_p99)}.`,
    ...(undisturbed.keptUp ? [] : [NOT_KEPT_UP]),
  ];
}

const NOT_KEPT_UP =
  'Undisturbed runs did not all keep up: the machine was slower then than while the maximum was looked for. Run again, with a lower --rate, or where nothing else runs.';

function ranged({ median, min, max }: Spread, figure: (value: number) => string): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)} to ${figure(max)})`;
}

function parkedLines(report: ParkedReport, emphasise: (line: string) => string): string[] {
  const { workerRssBytes: rss, drain, ledger } = report;
  const rows = Object.entries(report.healthyLatencyMs).map(([phase, ms]) => [
    phase,
    count(ms.count),
    decimal(ms.p50),
    decimal(ms.p99),
    decimal(ms.max),
  ]);
  return [
    `${count(report.events)} events for one dead destination, beside ${count(report.healthyPerSecond)}/s for the healthy ones; those saw`,
    table(['', 'deliveries', 'p50 ms', 'p99 ms', 'max ms'], rows, emphasise),
    `Memory of the worker: ${mib(rss.before)} MiB before, ${mib(rss.parked)} parked, at most ${mib(rss.most)}, ${mib(rss.after)} after`,
    `Healed, it was delivered the first after ${decimal(drain.firstAfterSeconds)} s, and ${count(drain.deliveries)} in ${decimal(drain.seconds)} s from then: ${count(drain.perSecond)}/s` +
      (drain.complete ? '' : ', and then the time was up'),
    emphasise(
      `Ledger: published ${count(ledger.published)}, delivered ${count(ledger.delivered)} (and again ${count(ledger.repeated)}), ` +
        `dead ${count(ledger.dead)}, pending ${count(ledger.pending)}, lost ${count(ledger.lost)}`,
    ),
  ];
}
