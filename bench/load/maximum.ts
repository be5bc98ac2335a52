/** The search for the highest rate that deliveries keep up with. */

/** Publishes at a rate for a while; answers the rate at which deliveries arrived meanwhile. Both per second. */
export type Probe = (ratePerSecond: number) => Promise<number>;

export interface SearchSpec {
  /** Tried first, best above what is possible. */
  readonly firstPerSecond: number;
  /** How many rates are tried at most. */
  readonly probes: number;
}

/** Deliveries keep up with a rate when they arrive at this share of it or more: below that a backlog grows. */
const KEPT_UP = 0.98;
/** The search ends when the lowest rate that was too high is within this factor of the highest that was not. */
const CLOSE_ENOUGH = 1.05;

/**
 * Goes from a rate that is too high to what arrived then, and from there to the middle of what is known. Publishing takes
 * cores too, so what arrives under too high a rate is less than the maximum.
 */
export async function findMaximum(probe: Probe, { firstPerSecond, probes }: SearchSpec): Promise<number> {
  let kept = 0;
  let tooHigh = Number.POSITIVE_INFINITY;
  let most = 0;
  let rate = firstPerSecond;
  for (let tried = 0; tried < probes && tooHigh / kept > CLOSE_ENOUGH; tried += 1) {
    const arrived = await probe(rate);
    most = Math.max(most, Math.min(arrived, rate));
    if (keepsUp(arrived, rate)) kept = rate;
    else tooHigh = rate;
    if (tooHigh === Number.POSITIVE_INFINITY) rate *= 2;
    else rate = kept === 0 ? Math.min(arrived, tooHigh * KEPT_UP) : (kept + tooHigh) / 2;
  }
  return Math.round(kept === 0 ? most : kept);
}

/** Whether deliveries keep up with what is published, both per second. */
export function keepsUp(arrived: number, published: number): boolean {
  return arrived >= published * KEPT_UP;
}
