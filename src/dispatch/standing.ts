/** How a destination stands, and what has changed of it. Pure. */
import type { Breaker } from './breaker.ts';
import type { Dispatchable, Lane } from './lane.ts';

export interface Standing {
  readonly state: Breaker['kind'];
  /** What may be in flight while closed. */
  readonly window: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Milliseconds until it may go on; 0 when it may. */
  readonly blockedForMs: number;
  /** Whether it is known to have deliveries parked in the broker. */
  readonly parked: boolean;
}

/** A destination is blocked, or is blocked no more. `forMs` and `opened` are those of the broker's Block. */
export type Change =
  /** Its breaker has opened, or has to stay open for longer. */
  | {
      readonly kind: 'opened';
      readonly forMs: number;
      readonly opened: number;
      readonly failuresInARow: number;
    }
  /** It has asked to be left alone, or to be so for longer. */
  | { readonly kind: 'paused'; readonly forMs: number; readonly opened: number }
  /** It takes deliveries again. How many at once, each worker finds out for itself. */
  | { readonly kind: 'resumed' };

export function standingOf(lane: Lane<Dispatchable>, nowMs: number): Standing {
  const { breaker, window, inFlight, waiting, parked } = lane;
  const blockedForMs = Math.max(0, (lane.blockedUntilMs ?? 0) - nowMs);
  return { state: breaker.kind, window, inFlight, waiting, blockedForMs, parked };
}

/** What the breaker's step from `before` means to others; null when nothing. */
export function changeOf(before: Breaker, lane: Lane<Dispatchable>, nowMs: number): Change | null {
  const after = lane.breaker;
  if (after === before) return null;
  switch (after.kind) {
    case 'open': {
      const { failuresInARow } = lane;
      return { kind: 'opened', forMs: after.untilMs - nowMs, opened: after.opened, failuresInARow };
    }
    case 'paused':
      return { kind: 'paused', forMs: after.untilMs - nowMs, opened: after.opened };
    case 'ramping':
      return before.kind === 'ramping' ? null : { kind: 'resumed' };
    case 'closed':
    case 'probing':
      return null;
    default:
      return after satisfies never;
  }
}
