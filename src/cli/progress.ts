/** A line on the terminal that says how far long work has come, or what is waited for. Elsewhere than on a terminal it says nothing. */
import { performance } from 'node:perf_hooks';

/** Work that is over sooner, in milliseconds, shows no progress. */
const QUIET_MS = 500;
/** Between two updates, in milliseconds: often enough to look alive. */
const UPDATE_MS = 200;
const CLEAR_LINE = '\r\x1b[K';

export class Progress {
  readonly #doing: string;
  readonly #startMs = performance.now();
  #count = 0;
  #nextMs = this.#startMs + QUIET_MS;
  #shown = false;

  /** `doing` is what happens to the things counted, for example `published`. */
  constructor(doing: string) {
    this.#doing = doing;
  }

  /** Counts more as done. */
  add(count: number): void {
    this.#count += count;
    if (!process.stderr.isTTY || performance.now() < this.#nextMs) return;
    this.#nextMs = performance.now() + UPDATE_MS;
    this.#shown = true;
    process.stderr.write(`${CLEAR_LINE}${this.#doing} ${this.#rate()}`);
  }

  /** Takes the line away, so that another can be written; the next update brings it back. */
  clear(): void {
    if (this.#shown) process.stderr.write(CLEAR_LINE);
    this.#shown = false;
  }

  #rate(): string {
    const seconds = (performance.now() - this.#startMs) / 1_000;
    return `${this.#count.toLocaleString('en')} (${Math.round(this.#count / seconds).toLocaleString('en')}/s)`;
  }
}

/** Resolves or rejects as `work` does; a terminal shows `doing` meanwhile, for example `looking at the broker`. */
export async function waitedFor<Value>(
  doing: string,
  work: Promise<Value>,
  terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
): Promise<Value> {
  let shown = false;
  const timer = setTimeout(() => {
    shown = terminal.isTTY;
    if (shown) terminal.write(`${doing} …`);
  }, QUIET_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (shown) terminal.write(CLEAR_LINE);
  }
}
