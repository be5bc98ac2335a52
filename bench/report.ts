/** The throughput report for people. */
import { HEADLINE } from './cases.ts';
import { count, machineLines, mib, ratio } from './figures.ts';
import { planCheckLines } from './plan-check.ts';
import { QUICK_NOTE } from './scenario.ts';
import { table } from './table.ts';
import { GOALS, type ThroughputReport } from './throughput.ts';
import { type ContenderSummary, type Ratios, turnsNoiseLines } from './turns.ts';

export function throughputText(report: ThroughputReport, emphasise: (line: string) => string): string {
  const { machine } = report;
  const lines = [
    ...machineLines(report),
    `BullMQ ${machine.bullmq}, undici ${machine.undiciOfNode} in fetch`,
    `${report.threads} threads of ${report.slotsPerThread} slots, ${report.bodyBytes} bytes, Redis with AOF everysec`,
  ];
  if (report.quick) lines.push(QUICK_NOTE);
  for (const entry of report.cases) {
    lines.push('', `${entry.name}: median of ${entry.rounds} ${entry.rounds === 1 ? 'round' : 'rounds'}`);
    lines.push(table(HEADING, Object.entries(entry.contenders).map(row), emphasise));
    lines.push(`Volley's ${ratiosText(entry)}`, ...turnsNoiseLines(entry.noise));
  }
  if (report.cases.some(({ name }) => name === HEADLINE))
    lines.push('', emphasise(`Headline (${HEADLINE}): Volley's ${ratiosText(report)}`), goalsText(report));
  if (report.planChecks.length > 0) lines.push('', ...planCheckLines(report.planChecks));
  return `${lines.join('\n')}\n`;
}

const HEADING = ['', 'deliveries/s', 'min', 'max', 'CPU µs each', 'Redis µs', 'receiver µs', 'RSS MiB'];

function row([name, summary]: [string, ContenderSummary]): readonly string[] {
  const { deliveriesPerSecond: rate } = summary;
  return [
    name,
    count(rate.median),
    count(rate.min),
    count(rate.max),
    summary.cpuMicrosPerDelivery.median.toFixed(1),
    summary.redisMicrosPerDelivery?.median.toFixed(1) ?? '',
    summary.receiverMicrosPerDelivery.median.toFixed(1),
    mib(summary.rssBytes.median),
  ];
}

function ratiosText({ ratios }: { readonly ratios: Ratios }): string {
  return (
    `rate: ${ratio(ratios.engine_vs_raw)} of raw, ${ratio(ratios.engine_vs_bullmq_fetch)} × bullmq-fetch, ` +
    `${ratio(ratios.engine_vs_bullmq_undici)} × bullmq-undici; its CPU: ${ratio(ratios.cpu_per_delivery_vs_raw)} of raw`
  );
}

function goalsText({ verdicts }: ThroughputReport): string {
  const goal = (words: string, name: keyof Ratios) =>
    `${words.replace('…', String(GOALS[name].limit))}: ${verdicts[name] ?? '–'}`;
  return `Goals: ${[
    goal('rate at least … of raw', 'engine_vs_raw'),
    goal('… × bullmq-fetch', 'engine_vs_bullmq_fetch'),
    goal('… × bullmq-undici', 'engine_vs_bullmq_undici'),
    goal('CPU at most … of raw', 'cpu_per_delivery_vs_raw'),
  ].join(', ')}`;
}
