/** The throughput report for people. */
import { HEADLINE } from './cases.ts';
import { table } from './table.ts';
import type { ContenderSummary, Ratios, ThroughputReport } from './throughput.ts';

export function throughputText(report: ThroughputReport, emphasise: (line: string) => string): string {
  const { machine } = report;
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}, undici ${machine.undici} ` +
      `(fetch: ${machine.undiciOfNode}), BullMQ ${machine.bullmq}`,
    `${report.threads} threads of ${report.slotsPerThread} slots, ${report.bodyBytes} bytes, Redis with AOF everysec`,
  ];
  if (report.quick) lines.push('A quick run: it shows that the benchmark works, its figures mean nothing.');
  for (const entry of report.cases) {
    lines.push('', `${entry.name}: median of ${entry.rounds} ${entry.rounds === 1 ? 'round' : 'rounds'}`);
    lines.push(table(HEADING, Object.entries(entry.contenders).map(row), emphasise));
    lines.push(`Volley's ${ratiosText(entry)}`);
  }
  if (report.cases.some(({ name }) => name === HEADLINE))
    lines.push('', emphasise(`Headline (${HEADLINE}): Volley's ${ratiosText(report)}`));
  return `${lines.join('\n')}\n`;
}

const HEADING = ['', 'deliveries/s', 'min', 'max', 'CPU µs each', 'Redis µs', 'receiver µs', 'RSS MiB'];

function row([name, summary]: [string, ContenderSummary]): readonly string[] {
  const whole = (value: number) => Math.round(value).toLocaleString('en').replaceAll(',', ' ');
  const { deliveriesPerSecond: rate } = summary;
  return [
    name,
    whole(rate.median),
    whole(rate.min),
    whole(rate.max),
    summary.cpuMicrosPerDelivery.median.toFixed(1),
    summary.redisMicrosPerDelivery?.median.toFixed(1) ?? '',
    summary.receiverMicrosPerDelivery.median.toFixed(1),
    whole(summary.rssBytes.median / 2 ** 20),
  ];
}

function ratiosText({ ratios }: { readonly ratios: Ratios }): string {
  const figure = (ratio: number | null) => (ratio === null ? '–' : ratio.toFixed(2));
  return (
    `rate: ${figure(ratios.engine_vs_raw)} of raw, ${figure(ratios.engine_vs_bullmq_fetch)} × bullmq-fetch, ` +
    `${figure(ratios.engine_vs_bullmq_undici)} × bullmq-undici; its CPU: ${figure(ratios.cpu_per_delivery_vs_raw)} of raw`
  );
}
