/**
 * Absolute deadlines for the attempts in flight, kept by one coarse clock instead of a timer for each.
 * Nothing that a receiver sends can push them out. An attempt ends at most TICK_MS after its deadline.
 */
import type { BrokenCode } from '../delivery/outcome.ts';

/** How often deadlines are looked at, in milliseconds: 1 % of the default total, and 10 sweeps a second cost nothing. */
const TICK_MS = 100;

export interface Timed {
  /** Monotonic milliseconds; the request's leaving, or 0 before it. */
  readonly startedMs: number;
  readonly sentMs: number;
  /** Whether the status has come. */
  readonly answered: boolean;
  expire(code: Extract<BrokenCode, 'read-timeout' | 'total-timeout'>): void;
}

export class Deadlines {
  readonly #inFlight = new Set<Timed>();
  readonly #readTimeoutMs: number;
  readonly #totalTimeoutMs: number;
  readonly #nowMs: () => number;
  #timer: NodeJS.Timeout | null = null;

  constructor(readTimeoutMs: number, totalTimeoutMs: number, nowMs: () => number) {
    this.#readTimeoutMs = readTimeoutMs;
    this.#totalTimeoutMs = totalTimeoutMs;
    this.#nowMs = nowMs;
  }

  add(timed: Timed): void {
    this.#inFlight.add(timed);
    this.#timer ??= setInterval(() => this.#tick(), Math.min(TICK_MS, this.#totalTimeoutMs));
  }

  delete(timed: Timed): void {
    this.#inFlight.delete(timed);
  }

  /** Stops the clock. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    if (this.#inFlight.size === 0) this.stop();
    const now = this.#nowMs();
    for (const timed of this.#inFlight) {
      if (now - timed.startedMs >= this.#totalTimeoutMs) timed.expire('total-timeout');
      else if (!timed.answered && timed.sentMs > 0 && now - timed.sentMs >= this.#readTimeoutMs)
        timed.expire('read-timeout');
    }
  }
}
