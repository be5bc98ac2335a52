/** What the end of an attempt says of its destination: all that breaker and window need to know of an outcome. Pure. */
import type { Outcome, ReceivedResponse } from '../delivery/outcome.ts';
import { retryAfterMs } from '../settle/retry-policy.ts';

export type Ending =
  | { readonly kind: 'delivered' }
  /** A 5xx, a timeout, a connection that failed or broke: it counts against the destination. */
  | { readonly kind: 'failed' }
  /** Too much for now. `pauseMs`: how long it asks to be left alone; 0 where it does not say. */
  | { readonly kind: 'throttled'; readonly pauseMs: number }
  /** Answered, and not with success: it says something of the event, and that the destination lives. */
  | { readonly kind: 'answered' }
  /** Nothing was heard of the destination: handed back, a fault of our own, or its thread is gone. */
  | { readonly kind: 'untried' };

/** One of each, so that none is made per delivery. */
export const DELIVERED: Ending = { kind: 'delivered' };
export const FAILED: Ending = { kind: 'failed' };
export const ANSWERED: Ending = { kind: 'answered' };
export const UNTRIED: Ending = { kind: 'untried' };

/** `nowMs`: epoch milliseconds, against which a Retry-After date is read. */
export function endingOf(outcome: Outcome, nowMs: number): Ending {
  switch (outcome.kind) {
    case 'delivered':
      return DELIVERED;
    case 'answered':
      return endingOfAnswer(outcome.response, nowMs);
    case 'unreachable':
    case 'broken':
      return FAILED;
    case 'local-fault':
    case 'refused':
    case 'handed-back':
    case 'early':
      return UNTRIED;
    default:
      return outcome satisfies never;
  }
}

/** A 503 that says when to come back is no outage but a pause (RFC 9110 §15.6.4). */
function endingOfAnswer(response: ReceivedResponse, nowMs: number): Ending {
  const { status } = response;
  const pauseMs = retryAfterMs(response, nowMs) ?? 0;
  if (status === 429 || pauseMs > 0) return { kind: 'throttled', pauseMs };
  return status >= 500 ? FAILED : ANSWERED;
}
