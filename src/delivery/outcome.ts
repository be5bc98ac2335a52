/**
 * What an attempt meant (outcome) and what follows from it (settlement): two closed unions.
 * An outcome is built once, next to the socket, from codes and never from an error's text.
 */
import type { Rejection } from './envelope.ts';

/** What is known of a delivery once its envelope has been decoded; for what follows, for logs and dead letters. */
export interface Subject {
  readonly id: string;
  readonly destination: string;
  readonly url: string;
  readonly type: string;
  /** When it may no longer be attempted, epoch milliseconds; null for never. */
  readonly expiresAtMs: number | null;
}

/** The connection never carried the request. */
export type UnreachableCode = 'dns' | 'connect-refused' | 'connect-timeout' | 'connect-failed' | 'tls';
/** The request left, and no whole answer came: the receiver may have acted on it. */
export type BrokenCode = 'reset' | 'closed' | 'read-timeout' | 'total-timeout' | 'malformed-response';
/** A fault of this machine, not of the destination: not charged as an attempt. */
export type LocalCode =
  | 'no-fd'
  | 'no-port'
  | 'no-source-address'
  | 'no-memory'
  | 'dns-down'
  | 'proxy'
  | 'encryption'
  | 'signature'
  | 'thread-lost';
/** The delivery itself cannot be sent, now or later. */
export type RefusalReason = Rejection['reason'] | 'url-refused' | 'expired';

/** The answer of a receiver, as far as it is kept. */
export interface ReceivedResponse {
  readonly status: number;
  /** The first bytes of its body, at most 4 KiB, as text. */
  readonly body: string;
  /** The `Retry-After` header as it came; null when absent. */
  readonly retryAfter: string | null;
}

export type Outcome =
  /** A 2xx. */
  | { readonly kind: 'delivered'; readonly status: number }
  /** Any other status. */
  | { readonly kind: 'answered'; readonly response: ReceivedResponse }
  | { readonly kind: 'unreachable'; readonly code: UnreachableCode; readonly error: string }
  | { readonly kind: 'broken'; readonly code: BrokenCode; readonly error: string }
  | { readonly kind: 'local-fault'; readonly code: LocalCode; readonly error: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly detail: string }
  /** Not attempted: the time that its event is to be delivered at comes in `waitMs`. */
  | { readonly kind: 'early'; readonly waitMs: number }
  /** Handed back: cut short because the engine stops, or untried because no slot came free in good time. */
  | { readonly kind: 'handed-back' };

/** An outcome that is not success, and not what was asked for or our own doing. */
export type Failure = Exclude<Outcome, { kind: 'delivered' | 'early' | 'handed-back' }>;

/** The receiver's status; null when it gave none. */
export function statusOf(failure: Failure): number | null {
  return failure.kind === 'answered' ? failure.response.status : null;
}

/** One line on what went wrong. */
export function describeFailure(failure: Failure): string {
  switch (failure.kind) {
    case 'answered':
      return `http-${failure.response.status}`;
    case 'unreachable':
    case 'broken':
    case 'local-fault':
      return `${failure.code}: ${failure.error}`;
    case 'refused':
      return `${failure.reason}: ${failure.detail}`;
    default:
      return failure satisfies never;
  }
}

/** Why a delivery ended as a dead letter. */
export type DeadReason =
  | RefusalReason
  /** The last attempt of the schedule failed. */
  | 'exhausted'
  /** Answered with a status that no retry will mend. */
  | 'rejected'
  /** It ends the threads that send it. */
  | 'poison';

/** What is kept of a delivery that ended undelivered, beside its envelope. */
export interface DeadLetter {
  /** The event's id (as minted when the envelope had none). */
  readonly id: string;
  readonly reason: DeadReason;
  /** One line for a person: what the last attempt met, or what is wrong with the envelope. */
  readonly detail: string;
  /** Attempts made. */
  readonly attempts: number;
  /** Null where the envelope could not be decoded. */
  readonly destination: string | null;
  readonly url: string | null;
  readonly type: string | null;
  /** The last answer; null when there was none. */
  readonly response: ReceivedResponse | null;
  /** Epoch milliseconds. */
  readonly diedAtMs: number;
}
