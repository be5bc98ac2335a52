/** What a destination's lane is held to, whatever the destination does. */

/** A rate limit, shared by all workers of a queue. */
export interface RateRule {
  /** Events per second; above 0. */
  readonly perSecond: number;
  /** How many may go at once after a rest; at least 1. */
  readonly burst: number;
}

/** When a destination is left alone, and for how long. */
export interface BreakerRule {
  /** Failures in a row that open the breaker; at least 1. */
  readonly failures: number;
  /** The first cool-off, in milliseconds. */
  readonly coolOffMs: number;
}

export interface LaneRules {
  /** Most attempts in flight, of each worker; null where the window is found out from how the destination answers. */
  readonly window: number | null;
  /** Null for no limit. */
  readonly rate: RateRule | null;
  /** Null where nothing opens it. */
  readonly breaker: BreakerRule | null;
}
