/** Leave to send to a destination under a rate limit, which all workers of a queue share. Pure. */
import type { TokenGrant } from '../broker/broker.ts';

export interface Rate {
  /** Events per second; above 0. */
  readonly perSecond: number;
  /** How many may go at once after a rest; at least 1. */
  readonly burst: number;
}

/** Leave that is not used for so long is given up, in milliseconds: kept, it would add to what the broker grants meanwhile. */
const KEPT_MS = 2_000;

export class Tokens {
  readonly rate: Rate;
  /** Whether an answer is awaited. */
  isAsked = false;
  /** When there may be more, in monotonic milliseconds. */
  moreFromMs = Number.NEGATIVE_INFINITY;
  #count = 0;
  #untilMs = 0;

  constructor(rate: Rate) {
    this.rate = rate;
  }

  /** How many may be sent. */
  left(nowMs: number): number {
    return nowMs < this.#untilMs ? this.#count : 0;
  }

  /** When there may be more, or what is left is given up, in monotonic milliseconds; infinite when neither is to come. */
  nextChangeMs(nowMs: number): number {
    if (this.moreFromMs > nowMs) return this.moreFromMs;
    return this.left(nowMs) > 0 ? this.#untilMs : Number.POSITIVE_INFINITY;
  }

  use(): void {
    this.#count--;
  }

  grant({ count, waitMs }: TokenGrant, nowMs: number): void {
    this.isAsked = false;
    this.moreFromMs = nowMs + waitMs;
    this.#count = this.left(nowMs) + count;
    this.#untilMs = nowMs + KEPT_MS;
  }

  drop(): void {
    this.#count = 0;
  }
}
