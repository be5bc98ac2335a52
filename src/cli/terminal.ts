/** Writing to the terminal: results on standard output, everything else on standard error. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { EXIT, errorCode } from '../errors.ts';

/** Resolves when the text is on its way, so that a long output waits for its reader. */
export async function print(text: string): Promise<void> {
  const { stdout } = process;
  if (stdout.destroyed || stdout.write(`${text}\n`)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      stdout.off('drain', done).off('close', done);
      resolve();
    };
    stdout.on('drain', done).on('close', done);
  });
}

/** A line on standard error, for a person. */
export function note(line: string): void {
  process.stderr.write(`volley: ${line}\n`);
}

/** Bold on a terminal that takes styles (not with NO_COLOR). */
export function heading(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

/** Dim on a terminal that takes styles (not with NO_COLOR). */
export function aside(text: string): string {
  return styleText('dim', text, { stream: process.stdout });
}

/** Red on a terminal that takes styles (not with NO_COLOR): what stays as it is until somebody does something. */
export function alarm(text: string): string {
  return styleText('red', text, { stream: process.stdout });
}

/** Yellow on a terminal that takes styles (not with NO_COLOR): what passes by itself. */
export function caution(text: string): string {
  return styleText('yellow', text, { stream: process.stdout });
}

/** Text that others wrote, without the control characters a terminal would act on. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}

/** `3 below, 1 better`; of what there is none nothing is said. */
export function countsText(counts: readonly (readonly [count: number, what: string])[]): string {
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ');
}

/** Rows as columns, each as wide as its widest cell; numbers to the right. Cells may have styles. */
export function columns(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  return rows
    .map((row) =>
      row
        .map((cell, i) => {
          const padding = ' '.repeat(widths[i]! - widthOf(cell));
          return typeof cell === 'number' ? `${padding}${cell}` : `${cell}${padding}`;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Characters that are seen: styles take no room. */
function widthOf(cell: string | number): number {
  return stripVTControlCharacters(String(cell)).length;
}

/** Whoever read standard output may leave (`| head`): that is no fault. A full disk is one, and ends the command. */
export function watchOutput(): void {
  process.stdout.on('error', (error) => {
    const code = errorCode(error);
    if (code === 'EPIPE') return;
    note(`standard output cannot be written (${code}): make room, or write elsewhere`);
    process.exit(EXIT.workFailed);
  });
  // Nowhere is left to report this to.
  process.stderr.on('error', () => {});
}
