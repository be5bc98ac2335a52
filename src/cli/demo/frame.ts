/** One picture of the running demo, as lines. Pure. */
import { CAST, type ReceiverRole } from './cast.ts';
import { type Column, tableChars, tableLines } from './columns.ts';
import { barCells, formatCount, formatSeconds, plural, sparkline } from './format.ts';
import type { Paint } from './paint.ts';
import { type Count, type Progress, recentPerSecond } from './tally.ts';

interface Row {
  readonly role: ReceiverRole;
  readonly count: Count;
}

const COLUMNS: readonly Column<Row>[] = [
  { heading: 'receiver', align: 'left', cell: ({ role }) => role.name, format: () => 'bold' },
  {
    heading: 'answers',
    align: 'left',
    cell: ({ role }) => role.behaviour,
    format: () => 'dim',
    expendable: 1,
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
    minChars: 5,
  },
];

/** Narrowest sparkline worth its place, and the widest: 10 s of a run. In characters. */
const SPARK_LEAST_CHARS = 8;
const SPARK_MOST_CHARS = 40;
const BAR_MOST_CHARS = 100;
const MARGIN = '  ';

/** `columns`: the terminal's width in characters; no line is wider, down to 40. `isWaiting`: all that is left waits for its retry. */
export function frame(progress: Progress, isWaiting: boolean, columns: number, paint: Paint): string[] {
  const rows = progress.receivers.map((count, index): Row => ({ role: CAST[index]!, count }));
  const sparkChars = Math.min(
    SPARK_MOST_CHARS,
    columns - Math.min(columns, tableChars(COLUMNS, rows)) - MARGIN.length,
  );
  const spark: Column<Row> = {
    heading: 'rate',
    align: 'left',
    cell: ({ count }) => sparkline(count.buckets, sparkChars),
    format: () => 'cyan',
  };
  const shown = sparkChars < SPARK_LEAST_CHARS ? COLUMNS : [...COLUMNS, spark];
  return [
    '',
    MARGIN + bar(progress, Math.min(BAR_MOST_CHARS, columns - 2 * MARGIN.length), paint),
    MARGIN + status(progress, isWaiting, paint),
    '',
    ...tableLines(shown, rows, columns, paint),
    '',
  ];
}

/** Delivered, dead, on their way, and still to come. */
function bar({ events, total }: Progress, chars: number, paint: Paint): string {
  const percent = ` ${Math.floor(((total.delivered + total.dead) / events) * 100)} %`.padStart(6);
  const outstanding = total.published - total.delivered - total.dead;
  const width = Math.max(10, chars - percent.length);
  const cells = barCells([total.delivered, total.dead, outstanding, events], events, width);
  const [delivered, dead, underWay, toCome] = cells as [number, number, number, number];
  return (
    paint('green', '█'.repeat(delivered)) +
    paint('red', '▓'.repeat(dead)) +
    paint('yellow', '▒'.repeat(underWay)) +
    paint('dim', '░'.repeat(toCome)) +
    paint('bold', percent)
  );
}

function status({ events, elapsedMs, total }: Progress, isWaiting: boolean, paint: Paint): string {
  const settled = `${formatCount(total.delivered)} of ${formatCount(events)}`;
  const rate = `${formatCount(recentPerSecond(total.buckets))}/s`;
  return `${paint('bold', settled)} delivered  ${paint('cyan', rate)}  ${paint('dim', `${formatSeconds(elapsedMs)}, ${remaining(events, total, isWaiting)}`)}`;
}

/** What is left, in a few words. */
export function remaining(events: number, total: Count, isWaiting: boolean): string {
  const left = events - total.delivered - total.dead;
  if (left === 0) return 'done';
  if (total.published === events && isWaiting) return `${plural(left, 'event')} waiting for a retry`;
  const perSecond = recentPerSecond(total.buckets);
  return perSecond === 0 ? 'starting' : `about ${formatSeconds((left / perSecond) * 1_000)} left`;
}
