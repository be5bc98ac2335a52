/**
 * What may be sent under a cap on bytes per second: a token bucket. Pure.
 *
 * A delivery goes as long as anything is left, and may leave a debt that later ones wait for, as in the kernel's shapers
 * (tc-htb(8)): so a body larger than the burst gets through, and in no span of time is more sent than the cap allows in it, the burst,
 * and one delivery.
 */
import { requestLinkBytes } from '../capacity/traffic.ts';

/** What may go at once after a rest, as time at the cap, in milliseconds: more than timers and reports of threads are late by. */
export const BURST_MS = 25;
/** What is saved up before sending goes on by itself, in the same way: so that it does not wake for each delivery. */
const RESUME_MS = 5;

export class Egress {
  readonly #bytesPerMs: number;
  #left: number;
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1_000;
    this.#left = this.#bytesPerMs * BURST_MS;
  }

  /** Whether nothing may be sent until `resumesMs`. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /** When sending may go on, in monotonic milliseconds; null when it may now. */
  get resumesMs(): number | null {
    return this.isSpent ? this.#atMs - this.#left / this.#bytesPerMs + RESUME_MS : null;
  }

  /** Time has passed. */
  look(nowMs: number): void {
    if (nowMs <= this.#atMs) return;
    this.#left = Math.min(this.#bytesPerMs * BURST_MS, this.#left + (nowMs - this.#atMs) * this.#bytesPerMs);
    this.#atMs = nowMs;
  }

  /** A delivery goes. */
  use(envelopeBytes: number): void {
    this.#left -= requestLinkBytes(envelopeBytes);
  }
}
