/** What the engine asks of whatever makes the attempts. */
import type { FailedAttempt } from '../thread/messages.ts';
import type { ThreadSettings } from '../thread/policy.ts';

/** One delivery to attempt, as it is packed for a thread. */
export interface Parcel {
  /** Names the delivery in reports. */
  readonly number: number;
  readonly attempts: number;
  readonly mintedId: string;
  readonly envelope: Buffer;
}

/** What comes back. None of these may throw. */
export interface PoolEvents {
  /** Times in milliseconds; `ageMs` is negative where the event has no timestamp. */
  delivered(number: number, status: number, attemptMs: number, ageMs: number): void;
  failed(failed: FailedAttempt): void;
  /** All of a report has been passed on. */
  reported(): void;
  /** A thread has died; nothing more is heard of the parcels it had. A new one takes its place. `served`: whether it had been ready. */
  threadLost(thread: number, error: Error, served: boolean): void;
}

export interface AttemptPool {
  /** Starts the threads; resolves when each is ready. */
  start(events: PoolEvents, settings: ThreadSettings): Promise<void>;
  /** Hands a batch to thread number `thread`, which sends it as its slots are free. */
  send(thread: number, parcels: readonly Parcel[]): void;
  /** Later attempts go by these settings, also in threads that are yet to come. */
  configure(settings: ThreadSettings): void;
  /** So many attempts may be in flight in each thread from now on, also in threads that are yet to come. */
  resize(slotsPerThread: number): void;
  /** Share of the time since the last call in which threads had something to do, on average; 0 where that is not known. */
  busyShare(): number;
  /** Has all threads close the connections that nobody uses. */
  shed(): void;
  /** Cuts short all that is in flight; each is reported. */
  handBack(): void;
  /** Ends the threads and their sockets. Nothing may be in flight. Idempotent. */
  close(): Promise<void>;
}
