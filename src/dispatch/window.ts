/**
 * How much one destination may have out at once. Pure.
 *
 * Two bounds, and the lesser counts. Its *share*: a quarter of the slots while others want some. Its *window*: what it
 * bears, found out by
 * - the latency gradient of Netflix's concurrency-limits (Gradient2Limit): once a round, the window is multiplied by
 *   baseline / present latency, kept to 0.5 … 1 and smoothed by 0.2, and grows by its square root. The baseline is a slow
 *   average, so a destination that has become slower for good is not held against itself for ever;
 * - setbacks by their share, as DCTCP does with marks (RFC 8257 §3.3): it shrinks by half of the share of attempts in a round that failed;
 * - doubling a round until the first sign of either (slow start, RFC 5681 §3.1), so that a fast destination is not held up.
 *
 * A gradient alone takes a busy machine for a slow destination: where CPU is the limit, latency is what is in flight over
 * what the machine can do, and grows with the window though the destination would bear more. So latency counts only
 * beyond TOLERANCE times the baseline and OWN_MS: below that it is our own batching as much as anything.
 *
 * What it does not do: keep a destination whose backlog lasts for long at its best. The baseline is not measured again at
 * little load, so within some ten thousand attempts the window drifts up, until timeouts or errors push it back.
 */

/** The share of all slots that a destination keeps to while others want some, so that a hanging one leaves them the rest. */
const SHARE = 0.25;
/** The same of one whose slots come back slowly, while few are unused. */
const SLOW_SHARE = 0.125;

/** Windows begin with this. */
export const FIRST_WINDOW = 4;
/** Attempts in a round: as many as the window has, at least this many, so that one slow answer is no trend. */
const ROUND_LEAST = 4;
/** Latency that is no sign of overload: so many times the baseline, and what our threads and batches add, in milliseconds. */
const TOLERANCE = 2;
const OWN_MS = 25;
/** Bounds and weight of the gradient in one round. */
const GRADIENT_LEAST = 0.5;
const SMOOTHING = 0.2;
/**
 * The baseline follows over so many attempts where few were in flight, and far more slowly where many were: else it would
 * take the queue that we make ourselves for how the destination is. One that is far too high is let down by this factor in a round.
 */
const BASELINE_ATTEMPTS = 600;
const BASELINE_ATTEMPTS_LOADED = 18_000;
const BASELINE_LET_DOWN = 0.9;

/**
 * No limit for a destination while no other wants slots; otherwise a quarter of them, or an equal part where that is more,
 * so that two or three destinations can still use every slot. At least one. `isHeldBack`: an eighth instead of a quarter.
 */
export function shareOf(slots: number, others: number, isHeldBack = false): number {
  if (others === 0) return Number.POSITIVE_INFINITY;
  const share = isHeldBack ? SLOW_SHARE : SHARE;
  return Math.max(1, Math.floor(slots * Math.max(share, 1 / (others + 1))));
}

export class Window {
  /** What may be in flight. */
  size = FIRST_WINDOW;
  /** What an attempt usually takes, in milliseconds; 0 while none has succeeded. */
  baselineMs = 0;
  #exact = FIRST_WINDOW;
  #isStarting = true;
  /** In this round: attempts that ended, were a setback, and took how long in all where they succeeded. */
  #ended = 0;
  #setbacks = 0;
  #succeeded = 0;
  #latencyMs = 0;
  /** Most that were in flight in this round. */
  #peak = 0;

  /** An attempt got its 2xx. `inFlight`: of the destination, with this one. `most`: what a window can be. */
  succeeded(latencyMs: number, inFlight: number, most: number): void {
    this.#succeeded++;
    this.#latencyMs += latencyMs;
    this.#count(inFlight, most);
  }

  /** An attempt failed or was throttled: the destination may be overloaded. */
  setBack(inFlight: number, most: number): void {
    this.#setbacks++;
    this.#count(inFlight, most);
  }

  /** An attempt was answered otherwise. That says nothing of how long the work takes: a refusal is quick. */
  answered(inFlight: number, most: number): void {
    this.#count(inFlight, most);
  }

  #count(inFlight: number, most: number): void {
    this.#ended++;
    if (inFlight > this.#peak) this.#peak = inFlight;
    if (this.#ended < this.size || this.#ended < ROUND_LEAST) return;
    const gradient = this.#gradient();
    const setbackShare = this.#setbacks / this.#ended;
    if (gradient < 1 || setbackShare > 0) this.#isStarting = false;
    // A window that is not used says nothing of whether more would be borne.
    const growth = this.#peak * 2 >= this.#exact ? this.#growth(gradient, 1 - setbackShare) : 0;
    this.#exact = Math.min(most, Math.max(1, this.#exact * (1 - setbackShare / 2) + growth));
    this.size = Math.floor(this.#exact);
    this.#ended = this.#setbacks = this.#succeeded = this.#latencyMs = this.#peak = 0;
  }

  #growth(gradient: number, soundShare: number): number {
    if (this.#isStarting) return this.#exact;
    return SMOOTHING * (this.#exact * (gradient - 1) + Math.sqrt(this.#exact) * soundShare);
  }

  #gradient(): number {
    if (this.#succeeded === 0) return 1;
    const meanMs = this.#latencyMs / this.#succeeded;
    const over = this.#peak <= FIRST_WINDOW ? BASELINE_ATTEMPTS : BASELINE_ATTEMPTS_LOADED;
    if (this.baselineMs === 0) this.baselineMs = meanMs;
    else if (this.baselineMs > TOLERANCE * meanMs) this.baselineMs *= BASELINE_LET_DOWN;
    else this.baselineMs += (meanMs - this.baselineMs) * Math.min(1, this.#succeeded / over);
    return Math.min(1, Math.max(GRADIENT_LEAST, (TOLERANCE * this.baselineMs + OWN_MS) / meanMs));
  }
}
