/** Shows a run while it runs: redrawn in place on a terminal, otherwise in plain lines. */
import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { painter } from '../paint.ts';
import { recentPerSecond } from './counter.ts';
import { formatCount, formatSeconds, plural } from './format.ts';
import { frame, remaining } from './frame.ts';
import { type Phase, phasesOf } from './phase.ts';
import type { ProgressSource } from './run.ts';
import type { Progress } from './tally.ts';

/** Between two pictures, in milliseconds: smooth, and next to no work. */
const REDRAW_MS = 100;
/** Between two lines, in milliseconds. */
const LINE_MS = 1_000;
/** The size of a terminal that does not say, in characters: the oldest there is. */
const FALLBACK_COLUMNS = 80;
const FALLBACK_ROWS = 24;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const ERASE_LINE_END = '\u001b[K';
const ERASE_BELOW = '\u001b[J';
const up = (rows: number) => (rows === 0 ? '' : `\u001b[${rows}A`);

/** Shows the run until the function that is returned is called: in place if the stream is a terminal that can, else as lines. */
export function showProgress(stream: NodeJS.WriteStream, source: ProgressSource): () => void {
  return stream.isTTY && process.env['TERM'] !== 'dumb' ? redraw(stream, source) : writeLines(stream, source);
}

/** Draws in place; at the end removes what was drawn. The cursor comes back whatever ends the process. */
function redraw(stream: WriteStream, source: ProgressSource): () => void {
  const paint = painter(stream);
  let drawn: string[] = [];
  // A pseudo-terminal that was given no size says 0.
  const columns = () => stream.columns || FALLBACK_COLUMNS;

  /** To where the last picture began, also when the terminal has become narrower and wrapped it. */
  const back = () => {
    const rows = drawn.map((line) => Math.max(1, Math.ceil(line.length / columns())));
    return up(rows.reduce((sum, each) => sum + each, 0));
  };
  const draw = () => {
    const lines = frame(source.progress(), source.inHand(), columns(), paint);
    // A picture higher than the terminal would scroll, and could not be drawn over.
    const shown = lines.slice(0, (stream.rows || FALLBACK_ROWS) - 1);
    stream.write(`${back()}${shown.map((line) => `${line}${ERASE_LINE_END}\n`).join('')}${ERASE_BELOW}`);
    drawn = shown.map(stripVTControlCharacters);
  };
  const showCursor = () => stream.write(SHOW_CURSOR);

  stream.write(HIDE_CURSOR);
  process.once('exit', showCursor);
  draw();
  const timer = setInterval(draw, REDRAW_MS);
  return () => {
    clearInterval(timer);
    process.off('exit', showCursor);
    stream.write(`${back()}${ERASE_BELOW}${SHOW_CURSOR}`);
  };
}

/** A line each LINE_MS, and one when something begins that was not there before. */
function writeLines(stream: NodeJS.WritableStream, source: ProgressSource): () => void {
  const said = new Set<Phase['kind']>();
  const look = () => {
    for (const { kind, text } of phasesOf(source.progress())) {
      if (!said.has(kind)) stream.write(`  ${text}\n`);
      said.add(kind);
    }
  };
  const line = () => stream.write(`${progressLine(source.progress(), source.inHand())}\n`);
  const timers = [setInterval(look, REDRAW_MS), setInterval(line, LINE_MS)];
  return () => {
    for (const timer of timers) clearInterval(timer);
    look();
  };
}

/** The state of a run in one line. */
export function progressLine({ events, elapsedMs, total }: Progress, inHand: number): string {
  return [
    `  ${formatSeconds(elapsedMs)}: ${formatCount(total.delivered)} of ${plural(events, 'event')} delivered`,
    `${formatCount(recentPerSecond(total.buckets))}/s`,
    `${formatCount(total.retried)} retried`,
    `${formatCount(total.dead)} dead`,
    `${formatCount(total.parked)} parked`,
    remaining(events, total, inHand),
  ].join(', ');
}
