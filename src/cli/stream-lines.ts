/** What commands that read standard input line by line have in common: which lines count, and how bad ones are told. */
import type { Progress } from './progress.ts';
import { note } from './terminal.ts';

/** Bad lines that are reported one by one; beyond it they are counted. */
const MAX_REPORTED = 20;
const UTF8_BOM = Buffer.from('\ufeff');
/** A longer line is not blank by accident. */
const MAX_BLANK_BYTES = 64;

/** The line without the byte order mark that some programs begin a file with. */
export function withoutBom(number: number, bytes: Buffer): Buffer {
  return number === 1 && bytes.indexOf(UTF8_BOM) === 0 ? bytes.subarray(UTF8_BOM.length) : bytes;
}

/** True for a line of nothing but white space (a carriage return before the line feed included). */
export function isBlank(bytes: Buffer): boolean {
  return bytes.length < MAX_BLANK_BYTES && bytes.toString().trim() === '';
}

/** Tells bad lines by their numbers. */
export class BadLines {
  count = 0;
  readonly #what: string;
  readonly #progress: Progress;

  /** `what` ends the sentence "and 80 more lines …". */
  constructor(what: string, progress: Progress) {
    this.#what = what;
    this.#progress = progress;
  }

  report(number: number, detail: string): void {
    this.count++;
    if (this.count > MAX_REPORTED) return;
    this.#progress.clear();
    note(`line ${number}: ${detail}`);
  }

  /** Says how many more there were than were told. */
  summarise(): void {
    if (this.count > MAX_REPORTED) note(`and ${this.count - MAX_REPORTED} more lines ${this.#what}`);
  }
}
