/** What a run came to: for people, for programs, and as a verdict. */
import { formatDuration } from '../../config/values.ts';
import type { Latency } from '../../record/metrics.ts';
import { type Column, tableLines } from '../aligned.ts';
import type { Paint } from '../paint.ts';
import type { ArrivalReport } from './arrivals.ts';
import { ABSENT, CAST } from './cast.ts';
import { type Count, peakPerSecond } from './counter.ts';
import { formatCount, formatLatency, formatSeconds, plural } from './format.ts';
import { COOL_OFF_MS, type DemoResult, RETRY_SCHEDULE_MS, STALL_MS } from './run.ts';
import type { Progress } from './tally.ts';

/**
 * What went wrong, one line each; none when every event is accounted for and every signature was right.
 * An event taken twice is no fault (delivery is at least once); it is counted.
 */
export function faultsOf({ end, progress, arrived }: DemoResult): string[] {
  const faults: string[] = [];
  const { events, total } = progress;
  if (end === 'stalled')
    faults.push(`nothing was delivered for ${formatSeconds(STALL_MS)}, so the run was given up`);
  if (total.published !== events)
    faults.push(`${formatCount(total.published)} of ${plural(events, 'event')} were published`);
  for (const [index, { name }] of CAST.entries()) {
    const { published, delivered, dead, parked } = progress.receivers[index]!;
    const { accepted, badSignatures } = arrived.receivers[index]!;
    if (published !== accepted + dead + parked)
      faults.push(
        `${name}: ${formatCount(published)} published, but ${formatCount(accepted)} taken by the receiver, ${formatCount(dead)} dead and ${formatCount(parked)} parked`,
      );
    if (parked > 0) faults.push(`${name}: ${plural(parked, 'event')} still parked`);
    if (delivered !== accepted)
      faults.push(
        `${name}: the engine counts ${formatCount(delivered)} delivered, the receiver took ${formatCount(accepted)}`,
      );
    if (badSignatures > 0) faults.push(`${name}: ${plural(badSignatures, 'request')} with a wrong signature`);
  }
  return faults;
}

interface Row {
  readonly name: string;
  readonly count: Count;
  readonly arrivals: ArrivalReport;
}

const COLUMNS: readonly Column<Row>[] = [
  { heading: 'receiver', align: 'left', cell: ({ name }) => name, format: () => 'bold' },
  {
    heading: 'answers',
    align: 'left',
    cell: ({ name }) => CAST.find((role) => role.name === name)?.behaviour ?? '',
    format: () => 'dim',
    expendable: 6,
  },
  {
    heading: 'delivered',
    align: 'right',
    cell: ({ count }) => formatCount(count.delivered),
    format: ({ count }) => (count.delivered > 0 ? 'green' : 'dim'),
  },
  {
    heading: 'retried',
    align: 'right',
    cell: ({ count }) => formatCount(count.retried),
    format: ({ count }) => (count.retried > 0 ? 'yellow' : 'dim'),
  },
  {
    heading: 'dead',
    align: 'right',
    cell: ({ count }) => formatCount(count.dead),
    format: ({ count }) => (count.dead > 0 ? 'red' : 'dim'),
  },
  {
    heading: 'most parked',
    align: 'right',
    cell: ({ count }) => formatCount(count.mostParked),
    format: ({ count }) => (count.mostParked > 0 ? 'magenta' : 'dim'),
    expendable: 1,
  },
  {
    heading: 'opened',
    align: 'right',
    cell: ({ count }) => formatCount(count.opened),
    format: ({ count }) => (count.opened > 0 ? 'magenta' : 'dim'),
    expendable: 1,
  },
  {
    heading: 'rate',
    align: 'right',
    cell: ({ count }) => (count.delivered > 0 ? `${formatCount(count.perSecond)}/s` : '–'),
    format: () => 'cyan',
    expendable: 3,
  },
  latencyColumn('p50', 'p50', 2),
  latencyColumn('p90', 'p90', 5),
  latencyColumn('p99', 'p99', 2),
  latencyColumn('p99.9', 'p999', 4),
];

function latencyColumn(heading: string, part: keyof Latency, expendable: number): Column<Row> {
  const cell = ({ arrivals: { latencyMs } }: Row) =>
    latencyMs.count > 0 ? formatLatency(latencyMs[part]) : '–';
  return { heading, align: 'right', cell, expendable };
}

/** `command`: what one types for `volley` here. `columns`: the width of the terminal, in characters. */
export function summaryText(result: DemoResult, command: string, columns: number, paint: Paint): string {
  const { progress, arrived } = result;
  const rows: Row[] = [
    ...CAST.map(({ name }, index) => ({
      name,
      count: progress.receivers[index]!,
      arrivals: arrived.receivers[index]!,
    })),
    { name: 'total', count: progress.total, arrivals: arrived.total },
  ];
  return [
    '',
    ...verdictLines(result, paint),
    '',
    ...tableLines(COLUMNS, rows, columns, paint),
    '',
    paint(
      'dim',
      '  p50 … p99.9: from the event to its arrival, waits for retries and while parked included.',
    ),
    paint('dim', '  opened: how often a breaker did, which sends nothing more until a probe succeeds.'),
    paint(
      'dim',
      `  Retries come after ${scheduleText(RETRY_SCHEDULE_MS)} here, probes first after ${formatDuration(COOL_OFF_MS)};`,
    ),
    paint('dim', '  --retry-schedule and --cool-off set your own.'),
    '',
    ...nextLines(command, paint),
    '',
  ].join('\n');
}

function verdictLines(result: DemoResult, paint: Paint): string[] {
  const { progress, arrived } = result;
  const { events, elapsedMs, total } = progress;
  const faults = faultsOf(result);
  if (faults.length > 0)
    return [
      `  ${paint('red', '✗')} ${paint('bold', `${plural(events, 'event')} in ${formatSeconds(elapsedMs)}, and not as it should be:`)}`,
      ...faults.map((fault) => `    ${paint('red', fault)}`),
    ];
  const { duplicates, verified } = arrived.total;
  const twice = duplicates === 0 ? 'none twice' : `${formatCount(duplicates)} more than once`;
  const check = paint('green', '✓');
  return [
    `  ${check} ${paint('bold', `${plural(events, 'event')} in ${formatSeconds(elapsedMs)}`)}, up to ${formatCount(peakPerSecond(total.buckets))}/s`,
    `  ${check} ${formatCount(total.delivered)} delivered, ${formatCount(total.dead)} kept as dead letters, none lost, ${twice}`,
    `  ${check} both signatures right on all ${plural(verified, 'request')}`,
    ...absenceLines(progress, check),
  ];
}

/** What came of the absent receiver; nothing where nothing was parked for it, as with few events. */
function absenceLines({ receivers }: Progress, check: string): string[] {
  const { mostParked } = receivers[ABSENT]!;
  if (mostParked === 0) return [];
  return [
    `  ${check} ${plural(mostParked, 'event')} parked while the ${CAST[ABSENT]!.name} receiver’s breaker was open, and drained when it was back`,
  ];
}

function scheduleText(scheduleMs: readonly number[]): string {
  return scheduleMs.map(formatDuration).join(', ');
}

function nextLines(command: string, paint: Paint): string[] {
  const step = (line: string, why: string) => [`    ${paint('cyan', line)}`, paint('dim', `      ${why}`)];
  return [
    `  ${paint('bold', 'Try next')}`,
    ...step(
      `${command} publish --url https://example.com/hooks --type ping --payload '{}'`,
      'queues an event in volley.db, here',
    ),
    ...step(`HMAC_SECRET=change-me ${command} worker --once`, 'delivers it, and ends when nothing is left'),
    ...step(
      `HMAC_SECRET=change-me ${command} worker --broker redis://127.0.0.1:6379`,
      'delivers what producers LPUSH to webhook_egress_queue',
    ),
  ];
}

/** The same for programs; times in milliseconds. */
export function summaryJson(result: DemoResult): Record<string, unknown> {
  const { end, progress, arrived } = result;
  return {
    end,
    events: progress.events,
    elapsedMs: Math.round(progress.elapsedMs),
    retryScheduleMs: RETRY_SCHEDULE_MS,
    coolOffMs: COOL_OFF_MS,
    faults: faultsOf(result),
    total: {
      ...figures(progress.total, arrived.total),
      peakPerSecond: peakPerSecond(progress.total.buckets),
    },
    receivers: CAST.map(({ name, behaviour }, index) => ({
      name,
      behaviour,
      ...figures(progress.receivers[index]!, arrived.receivers[index]!),
    })),
  };
}

function figures(count: Count, { accepted, duplicates, verified, badSignatures, latencyMs }: ArrivalReport) {
  const { published, delivered, retried, dead, parked, mostParked, opened, perSecond } = count;
  return {
    published,
    delivered,
    retried,
    dead,
    parked,
    mostParked,
    opened,
    perSecond: Math.round(perSecond),
    latencyMs,
    accepted,
    duplicates,
    verified,
    badSignatures,
  };
}
