/** What a lane wants of the broker at a moment: leave to probe, leave to send, or what is parked for it. Pure. */
import type { TokenWish } from '../broker/broker.ts';
import { CLOSED } from './breaker.ts';
import type { Dispatchable, Lane } from './lane.ts';
import { KEPT_BYTES, KEPT_WINDOWS } from './overflow.ts';

/** How much of what is parked to fetch. */
export interface Drain {
  readonly destination: string;
  /** At least 1. */
  readonly count: number;
  /** At about so many bytes of envelopes, fewer will do. */
  readonly bytes: number;
}

/**
 * Most that is fetched of a destination at once, in deliveries and in bytes of envelopes: a claim's worth, and so little that many
 * destinations with large bodies do not fill the memory together. One is fetched whatever its size.
 */
const DRAIN_MAX = 256;
const DRAIN_BYTES = 1_048_576;

/** The destination of a lane whose cool-off, or leave to probe, is over; null when it has nothing to send, has asked, or something from before is still out. */
export function probeWish(lane: Lane<Dispatchable>, nowMs: number): string | null {
  const { probeFromMs, inFlight, probeAsked } = lane;
  if (probeFromMs === null || probeFromMs > nowMs || inFlight > 0 || probeAsked) return null;
  if (!lane.parked && lane.waiting === 0) return null;
  lane.probeAsked = true;
  return lane.destination;
}

/** Leave to send as many as may go out at once. */
export function tokenWish(lane: Lane<Dispatchable>, nowMs: number): TokenWish | null {
  const { destination, tokens, inFlight, waiting } = lane;
  if (tokens === null || tokens.isAsked || tokens.moreFromMs > nowMs) return null;
  const room = lane.limit(nowMs) - inFlight;
  const count = Math.min(room, lane.parked ? room : waiting) - tokens.left(nowMs);
  if (count <= 0) return null;
  tokens.isAsked = true;
  return { destination, count, ...tokens.rate };
}

/**
 * As many of what is parked as keep the lane fed until the next ones come. Only where half a window is missing, so that one is
 * not fetched for each that goes. `most`: how many may be.
 */
export function drainWish(lane: Lane<Dispatchable>, nowMs: number, most: number): Drain | null {
  const { destination, breaker, tokens, inFlight, waiting, waitingBytes } = lane;
  const limit = lane.limit(nowMs);
  if (!lane.parked || lane.fetching > 0 || waiting * 2 > limit || waitingBytes * 2 > KEPT_BYTES) return null;
  const isTried = breaker === CLOSED || breaker.kind === 'ramping';
  let count = (isTried ? KEPT_WINDOWS * limit : limit) - inFlight - waiting;
  if (tokens !== null) count = Math.min(count, tokens.left(nowMs) - waiting);
  if (count <= 0) return null;
  lane.fetching = Math.min(count, DRAIN_MAX, most);
  return { destination, count: lane.fetching, bytes: DRAIN_BYTES };
}
