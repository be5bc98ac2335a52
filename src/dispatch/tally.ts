/** How a destination's attempts ended of late: what its breaker opens on. Pure. */

/** A share of failures that is too much, among at least so many attempts. */
export const MOST_SHARE = 0.5;
export const LEAST_FOR_SHARE = 20;
/** Attempts that ended longer ago than this do not count, in milliseconds. Kept as two halves, so that what counts is 15 to 30 s. */
export const TALLY_MS = 30_000;
const HALF_MS = TALLY_MS / 2;

export class Tally {
  #inARow = 0;
  /** When the present half began, and what ended in it and in the one before. */
  #sinceMs = Number.NEGATIVE_INFINITY;
  #ended = 0;
  #failed = 0;
  #endedBefore = 0;
  #failedBefore = 0;

  /** Failures in a row. */
  get inARow(): number {
    return this.#inARow;
  }

  succeeded(nowMs: number): void {
    this.#turn(nowMs);
    this.#ended++;
    this.#inARow = 0;
  }

  failed(nowMs: number): void {
    this.#turn(nowMs);
    this.#ended++;
    this.#failed++;
    this.#inARow++;
  }

  /** `mostInARow`: failures in a row that are too much. */
  isTooMuch(nowMs: number, mostInARow: number): boolean {
    this.#turn(nowMs);
    const ended = this.#ended + this.#endedBefore;
    const failed = this.#failed + this.#failedBefore;
    return this.#inARow >= mostInARow || (ended >= LEAST_FOR_SHARE && failed >= ended * MOST_SHARE);
  }

  clear(): void {
    this.#inARow = 0;
    this.#sinceMs = Number.NEGATIVE_INFINITY;
    this.#ended = this.#failed = this.#endedBefore = this.#failedBefore = 0;
  }

  #turn(nowMs: number): void {
    const halfMs = nowMs - this.#sinceMs;
    if (halfMs < HALF_MS) return;
    const isNext = halfMs < 2 * HALF_MS;
    this.#endedBefore = isNext ? this.#ended : 0;
    this.#failedBefore = isNext ? this.#failed : 0;
    this.#sinceMs = isNext ? this.#sinceMs + HALF_MS : nowMs;
    this.#ended = this.#failed = 0;
  }
}
