/**
 * Absolute deadlines for the attempts in flight, kept by one coarse clock instead of a timer for each.
 * Nothing that a receiver sends can push them out. An attempt ends at most TICK_MS after its deadline.
 */
import type { BrokenCode } from '../delivery/outcome.ts';
import type { Numbered } from '../runtime/numbered.ts';
import type { Timeouts } from './policy.ts';

/** How often deadlines are looked at, in milliseconds: 1 % of the default total, and 10 sweeps a second cost nothing. */
const TICK_MS = 100;

export interface Timed {
  /** Monotonic milliseconds; the request's leaving, or 0 before it. */
  readonly startedMs: number;
  readonly sentMs: number;
  /** Whether the status has come. */
  readonly answered: boolean;
  readonly timeouts: Timeouts;
  expire(code: Extract<BrokenCode, 'read-timeout' | 'total-timeout'>): void;
}

export interface DeadlinesParts {
  readonly inFlight: Numbered<Timed>;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Called at each tick, when the deadlines have been looked at. */
  readonly onTick: (nowMs: number) => void;
}

export class Deadlines {
  readonly #parts: DeadlinesParts;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: DeadlinesParts) {
    this.#parts = parts;
  }

  /** Starts the clock, which stops by itself when nothing is in flight. */
  watch(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #tick(): void {
    const { inFlight, nowMs, onTick } = this.#parts;
    if (inFlight.count === 0) this.stop();
    const now = nowMs();
    const isLate = ({ startedMs, timeouts }: Timed) => now - startedMs >= timeouts.totalMs;
    const isSilent = ({ answered, sentMs, timeouts }: Timed) =>
      !answered && sentMs > 0 && now - sentMs >= timeouts.readMs;
    for (const timed of inFlight.where(isLate)) timed.expire('total-timeout');
    for (const timed of inFlight.where(isSilent)) timed.expire('read-timeout');
    onTick(now);
  }
}
