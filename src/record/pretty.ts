/** Log entries for a person at a terminal: time, level, message, then what belongs to it. */
import { styleText } from 'node:util';
import { logfmtLine } from './logfmt.ts';

type Colour = 'dim' | 'green' | 'yellow' | 'red' | 'cyan';

const LEVEL_COLOURS: Record<string, Colour> = {
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
  debug: 'cyan',
};

export function prettyLine(entry: Record<string, unknown>, colour: boolean): string {
  const { time, level, msg, ...rest } = entry;
  const paint = (style: Colour, text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const parts = [
    paint('dim', String(time).slice(11, 23)),
    paint(LEVEL_COLOURS[String(level)] ?? 'dim', String(level).padEnd(5)),
    String(msg ?? ''),
    logfmtLine(rest),
  ];
  return parts.filter((part) => part !== '').join(' ');
}
