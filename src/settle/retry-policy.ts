/** What follows from an attempt that failed. Pure: randomness and the present come in. */
import type { DeadReason, Failure, LocalCode, ReceivedResponse } from '../delivery/outcome.ts';
import { parseRetryAfter } from './retry-after.ts';

export type Verdict =
  | { readonly kind: 'retry'; readonly delayMs: number; readonly attempts: number }
  | { readonly kind: 'dead'; readonly reason: DeadReason; readonly attempts: number }
  /** The destination is gone for good (RFC 9110 §15.5.11): it is disabled, and its deliveries are parked. */
  | { readonly kind: 'gone' };

/** What a destination's deliveries are judged by. */
export interface RetryRules {
  /** The waits before the second, third, … attempt, in milliseconds. */
  readonly scheduleMs: readonly number[];
  /** Statuses that no retry will mend. 410 is none of them: it says more. */
  readonly permanentStatuses: readonly number[];
}

const GONE = 410;

/** The share of a wait that jitter may add: never earlier than the schedule says, and spread enough not to meet again. */
const JITTER = 0.2;
/** Longest that a receiver's Retry-After is honoured, in milliseconds. */
const RETRY_AFTER_MAX_MS = 3_600_000;
/** Least jitter on a Retry-After, in milliseconds: a second is all that its resolution allows receivers to tell apart. */
const RETRY_AFTER_JITTER_MS = 1_000;
/**
 * Wait after a fault of our own, in milliseconds; it costs no attempt. What this machine lacks may be there again soon; what a
 * person has to mend is looked at less often, as each look is a line in the log.
 */
const LOCAL_FAULT_MS: Readonly<Record<LocalCode, number>> = {
  'no-fd': 1_000,
  'no-port': 1_000,
  'no-memory': 1_000,
  'thread-lost': 1_000,
  'dns-down': 2_000,
  proxy: 10_000,
  'no-source-address': 10_000,
  encryption: 60_000,
  signature: 60_000,
};

/**
 * `attempts`: made before this one. `random`: in [0, 1).
 * `nowMs`: wall time, against which a Retry-After date is read.
 * Defaults (1 s, 5 s, 30 s, 1 m, 5 m): six attempts, the last one 6 m 36 s to 7 m 56 s after the first.
 */
export function verdictOn(
  failure: Failure,
  attempts: number,
  { scheduleMs, permanentStatuses }: RetryRules,
  random: () => number,
  nowMs: number,
): Verdict {
  switch (failure.kind) {
    case 'refused':
      return { kind: 'dead', reason: failure.reason, attempts };
    case 'local-fault':
      return { kind: 'retry', delayMs: jittered(LOCAL_FAULT_MS[failure.code], random), attempts };
    case 'answered':
      if (failure.response.status === GONE) return { kind: 'gone' };
      if (permanentStatuses.includes(failure.response.status))
        return { kind: 'dead', reason: 'rejected', attempts: attempts + 1 };
      return nextAttempt(attempts + 1, scheduleMs, random, retryAfterMs(failure.response, nowMs));
    case 'unreachable':
    case 'broken':
      return nextAttempt(attempts + 1, scheduleMs, random, null);
    default:
      return failure satisfies never;
  }
}

/**
 * The verdict, as it is where the event expires (`expiresAtMs`, epoch milliseconds; null for never): a retry that comes at
 * or after that is never made, so the delivery is dead now, and whoever waits for it hears of it now.
 */
export function unlessExpired(verdict: Verdict, expiresAtMs: number | null, nowMs: number): Verdict {
  if (verdict.kind !== 'retry' || expiresAtMs === null || nowMs + verdict.delayMs < expiresAtMs)
    return verdict;
  return { kind: 'dead', reason: 'expired', attempts: verdict.attempts };
}

function nextAttempt(
  made: number,
  scheduleMs: readonly number[],
  random: () => number,
  askedMs: number | null,
): Verdict {
  const waitMs = scheduleMs[made - 1];
  if (waitMs === undefined) return { kind: 'dead', reason: 'exhausted', attempts: made };
  // A receiver asks for a least wait: one that asks for none must not use up the schedule in seconds.
  const scheduledMs = jittered(waitMs, random);
  const askedToMs = askedMs === null ? 0 : afterPause(askedMs, random);
  return { kind: 'retry', delayMs: Math.max(scheduledMs, askedToMs), attempts: made };
}

/** A pause that a receiver asked for, and a little more: not all at once when it is over. In milliseconds. */
export function afterPause(askedMs: number, random: () => number): number {
  return askedMs + random() * Math.max(RETRY_AFTER_JITTER_MS, askedMs * JITTER);
}

/** A wait, and up to a fifth more. In milliseconds. */
export function jittered(ms: number, random: () => number): number {
  return ms * (1 + random() * JITTER);
}

/** What a 429 or 503 asks for, clamped; null when it asks for nothing that can be understood (RFC 9110 §10.2.3, RFC 6585 §4). */
export function retryAfterMs({ status, retryAfter }: ReceivedResponse, nowMs: number): number | null {
  if ((status !== 429 && status !== 503) || retryAfter === null) return null;
  const asked = parseRetryAfter(retryAfter, nowMs);
  return asked === null ? null : Math.min(asked, RETRY_AFTER_MAX_MS);
}
