/** One picture of the running demo, as lines. Pure. */

import { type Column, tableChars, tableLines } from '../aligned.ts';
import type { Format, Paint } from '../paint.ts';
import { CAST, type ReceiverRole } from './cast.ts';

import { type Count, recentPerSecond } from './counter.ts';
import { barCells, formatCount, formatSeconds, plural, sparkline } from './format.ts';
import { phasesOf } from './phase.ts';
import type { Progress } from './tally.ts';

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
    expendable: 3,
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
  {
    heading: 'parked',
    align: 'right',
    cell: ({ count }) => formatCount(count.parked),
    format: ({ count }) => (count.parked > 0 ? 'magenta' : 'dim'),
    expendable: 1,
  },
  {
    heading: 'state',
    align: 'left',
    cell: ({ count }) => count.state,
    format: ({ count }) => (count.state === 'enabled' ? 'dim' : 'magenta'),
    expendable: 2,
    minChars: 'enabled'.length,
  },
];

const WORDS = 3;
const LEAN_COLUMNS = COLUMNS.filter(({ expendable }) => expendable !== WORDS);

function sparkColumn(chars: number): Column<Row> {
  return {
    heading: 'rate',
    align: 'left',
    cell: ({ count }) => sparkline(count.buckets, chars),
    format: () => 'cyan',
  };
}

/** Narrowest sparkline worth its place, and the widest: 10 s of a run. In characters. */
const SPARK_LEAST_CHARS = 8;
const SPARK_MOST_CHARS = 40;
const BAR_MOST_CHARS = 100;
const MARGIN = '  ';

/** `columns`: the terminal's width in characters; no line is wider, down to 40. `inHand`: deliveries that the engine holds. */
export function frame(progress: Progress, inHand: number, columns: number, paint: Paint): string[] {
  const rows = progress.receivers.map((count, index): Row => ({ role: CAST[index]!, count }));
  const sparkRoom = (shown: readonly Column<Row>[]) => columns - tableChars(shown, rows) - MARGIN.length;
  // The rate is livelier than words: those go first.
  const base = [COLUMNS, LEAN_COLUMNS].find((shown) => sparkRoom(shown) >= SPARK_LEAST_CHARS);
  const shown =
    base === undefined ? COLUMNS : [...base, sparkColumn(Math.min(SPARK_MOST_CHARS, sparkRoom(base)))];
  return [
    '',
    MARGIN + bar(progress, Math.min(BAR_MOST_CHARS, columns - 2 * MARGIN.length), paint),
    MARGIN + status(progress, inHand, columns - 2 * MARGIN.length, paint),
    MARGIN + paint('magenta', (phasesOf(progress).at(-1)?.text ?? '').slice(0, columns - 2 * MARGIN.length)),
    '',
    ...tableLines(shown, rows, columns, paint),
    '',
  ];
}

/** Delivered, dead, parked, on their way, and still to come. */
function bar({ events, total }: Progress, chars: number, paint: Paint): string {
  const percent = ` ${Math.floor(((total.delivered + total.dead) / events) * 100)} %`.padStart(6);
  const others = total.published - total.delivered - total.dead - total.parked;
  const width = Math.max(10, chars - percent.length);
  const cells = barCells([total.delivered, total.dead, total.parked, others, events], events, width);
  const [delivered, dead, parked, underWay, toCome] = cells as [number, number, number, number, number];
  return (
    paint('green', '█'.repeat(delivered)) +
    paint('red', '▓'.repeat(dead)) +
    paint('magenta', '▒'.repeat(parked)) +
    paint('yellow', '▒'.repeat(underWay)) +
    paint('dim', '░'.repeat(toCome)) +
    paint('bold', percent)
  );
}

/** As many of its parts as there is room for. */
function status({ events, elapsedMs, total }: Progress, inHand: number, chars: number, paint: Paint): string {
  const parts: readonly [Format, string][] = [
    ['bold', `${formatCount(total.delivered)} of ${formatCount(events)} delivered`],
    ['cyan', `${formatCount(recentPerSecond(total.buckets))}/s`],
    ['dim', formatSeconds(elapsedMs)],
    ['dim', remaining(events, total, inHand)],
  ];
  let left = chars;
  const shown = parts.filter(([, text]) => {
    left -= text.length + MARGIN.length;
    return left + MARGIN.length >= 0;
  });
  return shown.map(([format, text]) => paint(format, text)).join(MARGIN);
}

/** What is left, in a few words. `inHand`: deliveries that the engine holds; once all are published, the others are parked or wait for a retry. */
export function remaining(events: number, total: Count, inHand: number): string {
  const left = events - total.delivered - total.dead;
  if (left === 0) return 'done';
  const putOff = left - inHand;
  if (total.published === events && putOff > inHand)
    return `${plural(putOff, 'event')} parked or waiting for a retry`;
  const perSecond = recentPerSecond(total.buckets);
  if (perSecond > 0) return `about ${formatSeconds((left / perSecond) * 1_000)} left`;
  return total.delivered === 0 ? 'starting' : `${plural(left, 'event')} left`;
}
