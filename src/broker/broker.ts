/**
 * The broker port: what Volley asks of the store that keeps its deliveries.
 *
 * A delivery is in one of five places: ready, leased (claimed by a live worker), delayed (waiting for a retry,
 * or for its deliverAt), parked, dead. Every method that moves deliveries moves each one whole: after a crash at any instant a delivery is in
 * the place it came from or in the one it went to, never in neither. `test/broker/conformance.ts` holds every
 * adapter to this.
 *
 * Methods reject with VolleyError: `VOLLEY_BROKER_UNAVAILABLE` when the broker cannot be reached or does not answer
 * in time (what the call asked for may then have happened or not; every call is safe to repeat),
 * `VOLLEY_BROKER_UNFIT` when it cannot keep deliveries safely, `VOLLEY_CLOSED` after `close`.
 */
import type { DeadLetter, DeadReason } from '../delivery/outcome.ts';

/** One delivery, leased to this worker until it is settled or the lease ends. */
export interface Claim {
  /** Names this claim, and no other, in `settle`. */
  readonly token: string;
  /** The id to use when the envelope carries none; the same at every attempt, also after a crash. */
  readonly mintedId: string;
  /** Attempts made so far. */
  readonly attempts: number;
  /** The envelope, byte for byte as it was queued. No settlement needs it: its holder may let go of it before. */
  envelope: Buffer;
}

/** What is to become of a claimed delivery. */
export type Settlement =
  /** Delivered: forget it. */
  | { readonly kind: 'ack'; readonly claim: Claim }
  /** To be attempted, or looked at, again after `delayMs`, by the broker's clock, with `attempts` made so far. */
  | { readonly kind: 'retry'; readonly claim: Claim; readonly delayMs: number; readonly attempts: number }
  /** Kept as a dead letter. */
  | { readonly kind: 'dead'; readonly claim: Claim; readonly letter: DeadLetter }
  /** Ready again at once, ahead of what waits, with its attempts as they were. */
  | { readonly kind: 'release'; readonly claim: Claim }
  /**
   * Set aside until its destination is enabled, with its attempts as they were; a release where the destination is not
   * (or no longer) disabled. That check and the move are one atomic step: nothing is left parked behind an `enable`.
   */
  | { readonly kind: 'park'; readonly claim: Claim; readonly destination: string };

export interface SettleResult {
  /** Settlements that came after their lease had lapsed and been reclaimed; they changed nothing. */
  readonly late: number;
  /**
   * Destinations that were to be parked for and are not disabled: their deliveries are ready again, and whoever takes
   * them for disabled still should look anew. Absent where there is none.
   */
  readonly enabled?: readonly string[];
}

/** Who disabled a destination: its receiver, by answering 410 Gone; a person, by command; or the config file. */
export type DisabledBy = 'gone' | 'command' | 'config';

export interface DisabledDestination {
  readonly destination: string;
  /** Null, as is `sinceMs`, where it is not disabled, and an `enable` that was cut short left some of its deliveries parked. */
  readonly by: DisabledBy | null;
  /** Since when, in epoch milliseconds. */
  readonly sinceMs: number | null;
  /** Deliveries parked for it. */
  readonly parked: number;
}

export interface QueueStats {
  ready: number;
  leased: number;
  delayed: number;
  parked: number;
  dead: number;
}

/** Which dead letters: every field given must match. An empty filter matches all. */
export interface DeadFilter {
  readonly ids?: readonly string[];
  readonly destination?: string;
  readonly reason?: DeadReason;
  /** Died at or after, and before, these epoch milliseconds. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** A dead letter and the envelope it holds. `key` is unique; it is the event's id unless another dead letter had that id first. */
export interface StoredDeadLetter extends DeadLetter {
  readonly key: string;
  readonly envelope: Buffer;
}

export interface Broker {
  /** Connects and checks that the broker is fit; answers warnings (one line each, with the fix) on what makes it less safe than it could be. */
  open(): Promise<readonly string[]>;

  /** Queues envelopes, all or none. Resolves when the broker has them as safely as it is configured to keep them. */
  publish(envelopes: readonly Buffer[]): Promise<void>;

  /**
   * Claims up to `maxCount` deliveries, stopping early at about `maxBytes` of envelopes (one delivery is always taken).
   * Due retries come first, up to half of `maxCount` while ready ones wait; ready ones in the order of publishing.
   */
  reserve(maxCount: number, maxBytes: number): Promise<Claim[]>;

  /**
   * Resolves when something may be claimable, or after `timeoutMs`, or when `signal` aborts; whichever is first.
   * It may resolve early. It wakes for what other processes publish, and for retries that fall due.
   */
  waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void>;

  /**
   * Applies settlements, each at most once: one whose lease has lapsed and been reclaimed changes nothing.
   * After a rejection the whole call may be repeated.
   */
  settle(settlements: readonly Settlement[]): Promise<SettleResult>;

  /**
   * Renews the lease on everything this worker holds, for `leaseMs` from now. False when it had lapsed: then what was
   * claimed before belongs to whoever reclaims it, and later claims are under a new lease.
   */
  extend(): Promise<boolean>;

  /** Makes ready again what workers held whose lease has lapsed; answers how many deliveries. */
  reclaim(): Promise<number>;

  stats(): Promise<QueueStats>;

  /** Dead letters in the order they died, oldest first, at most `limit`. */
  listDead(filter: DeadFilter, limit: number): Promise<StoredDeadLetter[]>;
  /** Makes matching dead letters ready again, with no attempts made and the same ids; at most `limit`. Answers how many. */
  replayDead(filter: DeadFilter, limit: number): Promise<number>;
  /** Deletes matching dead letters for good; at most `limit`. Answers how many. */
  discardDead(filter: DeadFilter, limit: number): Promise<number>;

  /**
   * Disables a destination for all workers, until it is enabled: what is parked for it stays parked. Nothing is moved.
   * Answers true when it was not disabled before; when it was, the first reason and time stay. `nowMs`: epoch milliseconds.
   */
  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean>;
  /**
   * Enables a destination, then makes what is parked for it ready again, the oldest first, with its attempts and ids.
   * What else is ready by then does not wait for all of them: they come behind it, or take half of each claim. It goes in
   * bounded steps. Each delivery is moved whole; a call that is cut short has enabled the destination, and the next one
   * finishes it. A destination that is disabled again meanwhile keeps the rest parked.
   * Answers how many deliveries; null when it was not disabled and nothing was parked for it.
   */
  enableDestination(destination: string): Promise<number | null>;
  /** What is disabled, and what has parked deliveries, by destination; one consistent view. */
  disabledDestinations(): Promise<DisabledDestination[]>;

  /** Ends the connection; idempotent. What is still held is left to `reclaim`: what should be handed back is settled first. */
  close(): Promise<void>;
}

/** What every adapter is given. */
export interface BrokerOptions {
  /** Name of the queue. */
  readonly queue: string;
  /** How long a claim lasts without being renewed, in milliseconds. */
  readonly leaseMs: number;
  /** Mints what names a claim; unique, sortable, `[0-9A-Z]`. */
  readonly mintToken: () => string;
  /** A command that takes longer than this, in milliseconds, is given up. */
  readonly commandTimeoutMs: number;
}
