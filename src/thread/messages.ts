/** Everything that passes between the main thread and a sending thread. */
import type { Outcome, Subject } from '../delivery/outcome.ts';
import type { AttemptPolicy, ThreadSettings } from './policy.ts';

/** Given once, when the thread starts serving. */
export interface Assignment {
  readonly port: MessagePort;
  readonly policy: AttemptPolicy;
  readonly settings: ThreadSettings;
}

/** Numbers per delivery in a batch's index, in this order, each of 32 bits. */
export const INDEX = { number: 0, attempts: 1, idBytes: 2, envelopeBytes: 3, width: 4 } as const;
export const INDEX_BYTES = Int32Array.BYTES_PER_ELEMENT;

export type ToThread =
  /**
   * `count` deliveries to attempt as slots are free. `bytes` begins with INDEX.width numbers for each, and then holds the minted
   * id and the envelope of each, one after the other. The buffer is transferred, not copied.
   */
  | { readonly kind: 'attempt'; readonly bytes: ArrayBuffer; readonly count: number }
  /** Later attempts go by these settings. */
  | { readonly kind: 'configure'; readonly settings: ThreadSettings }
  /** So many attempts may be in flight from now on. */
  | { readonly kind: 'resize'; readonly slots: number }
  /** Close the connections that nobody uses: what they hold is short. */
  | { readonly kind: 'shed' }
  /** Cut short what is in flight and report it as handed back. */
  | { readonly kind: 'hand-back' }
  /** Close the sockets and end. */
  | { readonly kind: 'end' };

/** Numbers per delivery in `Report.delivered`, in this order: times in whole microseconds, age -1 where the event has no timestamp. */
export const DELIVERED = { number: 0, status: 1, attemptUs: 2, ageUs: 3, width: 4 } as const;

/** An attempt that did not succeed, or was not made. */
export interface FailedAttempt {
  readonly number: number;
  readonly outcome: Exclude<Outcome, { kind: 'delivered' }>;
  /** Null where the envelope could not be decoded. */
  readonly subject: Subject | null;
  readonly attemptMs: number;
}

/** What has come of attempts since the last report. */
export interface Report {
  readonly delivered: Float64Array;
  readonly failed: readonly FailedAttempt[];
}

export type FromThread =
  /** Said once, before any report. */
  { readonly kind: 'ready' } | { readonly kind: 'report'; readonly report: Report };
