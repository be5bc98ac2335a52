/**
 * The broker port: what Volley asks of the store that keeps its deliveries.
 *
 * A delivery is in one of five places: ready, leased (claimed by a live worker), delayed (waiting for a retry, or for its
 * deliverAt), parked (set aside for its destination, or behind another of its ordering key), dead. Every method that moves deliveries moves each one whole: after a crash at any instant a delivery is in
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
  /** Set aside with what is parked for its destination, behind it, with its attempts as they were; see `reserveParked`. */
  | { readonly kind: 'park'; readonly claim: Claim; readonly destination: string };

export interface SettleResult {
  /** Settlements that came after their lease had lapsed and been reclaimed; they changed nothing. */
  readonly late: number;
}

/**
 * Destinations whose deliveries are parked where a claim meets them, behind what is parked for them already: to claim them first
 * and have them parked then would cost the broker three times as much. A broker may do this for some of them only, or for none. A
 * claim that does may bring none although some are ready.
 */
export interface Passing {
  readonly destinations: readonly string[];
  /** So many have been parked for one of them. */
  readonly onParked: (destination: string, count: number) => void;
}

/** Who disabled a destination: its receiver, by answering 410 Gone; a person, by command; or the config file. */
export type DisabledBy = 'gone' | 'command' | 'config';

/**
 * Why nothing is sent to a destination for a while: its breaker is open, or it has asked to be left alone. Shared by all
 * workers of a queue. Times are relative, by the broker's clock: those of the workers may differ.
 */
export interface Block {
  readonly kind: 'open' | 'paused';
  /** Milliseconds from now until it is over: 0 when it is. */
  readonly forMs: number;
  /** How often in a row the breaker has opened; 0 for a pause of a destination that did not fail. */
  readonly opened: number;
}

/**
 * How long a pause that is over is kept, in milliseconds: where there was something to send, its answer has lifted the pause by
 * then, and where there was not, nothing ever would.
 */
export const PAUSE_KEPT_MS = 60_000;

/** What the broker knows of a destination. One of which it knows nothing is not disabled, not blocked, and has nothing parked. */
export interface Standing {
  readonly destination: string;
  /** Since when: epoch milliseconds. */
  readonly disabled: { readonly by: DisabledBy; readonly sinceMs: number } | null;
  /** One that is over (`forMs` 0) stays until it is lifted: an open breaker still wants its probe. A pause is forgotten in time. */
  readonly block: Block | null;
  /** Deliveries parked for it. */
  readonly parked: number;
}

export interface Standings {
  /** Give it the next time, to be told only what has changed since. */
  readonly version: number;
  /** By destination. */
  readonly standings: readonly Standing[];
  /** Whether these are all; else, those that have changed since, the others being as they were. */
  readonly isComplete: boolean;
}

/** What is to become of a wish to probe a destination whose cool-off is over. */
export type ProbeAnswer =
  /** This worker may send one delivery; until `forMs` of its wish have passed no other may. */
  | { readonly kind: 'granted' }
  /** Another one probes, or it has been blocked anew: ask again after `forMs`. */
  | { readonly kind: 'refused'; readonly forMs: number }
  /** It is not blocked any more. */
  | { readonly kind: 'unblocked' };

/** A wish for leave to send to a destination under a rate limit. */
export interface TokenWish {
  readonly destination: string;
  /** How many are waiting to be sent; at least 1. */
  readonly count: number;
  /** The limit: events per second, above 0, and how many may go at once after a rest; at least 1. */
  readonly perSecond: number;
  readonly burst: number;
}

export interface TokenGrant {
  /** How many may be sent now. */
  readonly count: number;
  /** Milliseconds until there may be more; 0 where all were granted. */
  readonly waitMs: number;
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
   * Of deliveries whose envelopes hold the same `orderingKey` for the same destination one at a time is given out, in the
   * order of publishing: the next one when it has been acked, has died or was discarded, whoever held it. The others are set aside, and
   * count as parked.
   */
  reserve(maxCount: number, maxBytes: number, passing?: Passing): Promise<Claim[]>;

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

  /**
   * Makes ready again what workers held whose lease has lapsed; answers how many deliveries. Forgets pauses that have been over for
   * `PAUSE_KEPT_MS`, a number of them at each call.
   */
  reclaim(): Promise<number>;

  stats(): Promise<QueueStats>;

  /** Dead letters in the order they died, oldest first, at most `limit`. */
  listDead(filter: DeadFilter, limit: number): Promise<StoredDeadLetter[]>;
  /** Makes matching dead letters ready again, with no attempts made and the same ids; at most `limit`. Answers how many. */
  replayDead(filter: DeadFilter, limit: number): Promise<number>;
  /** Deletes matching dead letters for good; at most `limit`. Answers how many. */
  discardDead(filter: DeadFilter, limit: number): Promise<number>;

  /**
   * Claims up to `maxCount` of what is parked for a destination, oldest first, stopping early at about `maxBytes` of
   * envelopes (one is always taken). None where it is disabled. Blocks and rate limits are the caller's to keep.
   * Nothing else takes from what is parked: it is for the workers to drain it at the pace of the destination's window.
   */
  reserveParked(destination: string, maxCount: number, maxBytes: number): Promise<Claim[]>;
  /**
   * Deletes for good what is parked for a destination, and what is set aside behind that for its ordering key; in bounded steps.
   * Answers how many.
   */
  discardParked(destination: string): Promise<number>;

  /**
   * Disables a destination for all workers, until it is enabled: what is parked for it stays parked. Nothing is moved.
   * Answers true when it was not disabled before; when it was, the first reason and time stay. `nowMs`: epoch milliseconds.
   */
  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean>;
  /**
   * Enables a destination and lifts its block: what is parked for it may be drained again. Nothing is moved.
   * Answers how many are parked for it; null when it was not disabled.
   */
  enableDestination(destination: string): Promise<number | null>;

  /**
   * Blocks a destination for all workers. Where it is blocked already, the later end and the greater `opened` count; but while it is
   * probed, the end that is given here, for it is how the probe went, and the one before was only the time it might take.
   */
  block(destination: string, block: Block): Promise<void>;
  /** Lifts a block; nothing where there is none. */
  unblock(destination: string): Promise<void>;
  /** Asks for leave to send the one probe that ends a breaker's cool-off; keeps others away from it for `forMs`. */
  askProbe(destination: string, forMs: number): Promise<ProbeAnswer>;
  /** Asks for leave to send to destinations under a rate limit, which all workers of the queue share; answers in the same order. */
  takeTokens(wishes: readonly TokenWish[]): Promise<TokenGrant[]>;
  /** Milliseconds until a destination under a rate limit may be sent a whole burst again; 0 where nothing went under one of late. */
  rateDebtMs(destination: string): Promise<number>;

  /**
   * The version of the standings that the last claim brought along (0 before the first): when it is above that of the
   * last call of `standings`, something has changed. So a worker hears of a block no later than of deliveries behind it.
   */
  readonly standingsVersion: number;
  /**
   * What is disabled, blocked, or has something parked; one consistent view. `since`: the version of an earlier answer,
   * for what has changed since (and is perhaps none of the three any more); null for all of it. Of `parked` only
   * the change from none to some counts as one.
   */
  standings(since: number | null): Promise<Standings>;

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
