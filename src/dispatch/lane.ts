/** The lane of one destination: what waits for it, and all that is known of how it takes what it is sent. Pure. */
import { Ring } from '../runtime/ring.ts';
import {
  type Breaker,
  type BreakerEvent,
  type BreakerRules,
  type Circumstances,
  CLOSED,
  roomIn,
  transition,
} from './breaker.ts';
import type { Ending } from './ending.ts';
import type { SlotMeter } from './slot-round.ts';
import { Tally } from './tally.ts';
import { type Rate, Tokens } from './tokens.ts';
import { Window } from './window.ts';

/** What a destination may be sent. */
export interface LaneRules {
  /** A fixed limit on what is in flight; null: it is found out (see window.ts). */
  readonly window: number | null;
  /** Null: no limit. */
  readonly rate: Rate | null;
  /** Null: failures do not stop anything. A pause that the destination asks for is kept to all the same. */
  readonly breaker: BreakerRules | null;
}

/** Weight of the last attempt in what one is expected to take. */
const SLOT_TIME_WEIGHT = 1 / 8;

/** What a lane must know of the engine around it. */
export interface Surroundings {
  /** Deliveries that can be out to all threads: the most that a window can be. */
  places: number;
  /** The thread that a destination prefers. */
  readonly preferredBy: (destination: string) => number;
  readonly random: () => number;
  /** Null where the number of slots stays as it is. */
  readonly meter: SlotMeter | null;
}

/** What must be known of a delivery. */
export interface Dispatchable {
  readonly bytes: number;
}

export class Lane<Delivery extends Dispatchable> {
  readonly destination: string;
  /** The thread that it prefers. */
  readonly thread: number;
  readonly #around: Surroundings;
  readonly #waiting = new Ring<Delivery>();
  readonly #found = new Window();
  readonly #tally = new Tally();
  #rules: LaneRules;
  waitingBytes = 0;
  breaker: Breaker = CLOSED;
  /** Null where there is no rate limit. */
  tokens: Tokens | null = null;
  inFlight = 0;
  /** What it may still send in this turn, and the pass of the round up to which it has been given its due; see the dispatcher. */
  deficit = 0;
  pass = 0;
  /** Whether it is in the round, and among those that hold more than they should. */
  queued = false;
  crowded = false;
  /** Whether its destination has deliveries parked in the broker, and how many of them are being fetched. */
  parked = false;
  fetching = 0;
  /** Whether something has been parked for it while it was fetched for. */
  parkedAnew = false;
  /** Whether the broker has been asked for leave to probe. */
  probeAsked = false;
  /** When it is looked at again, in monotonic milliseconds; infinite when nothing is awaited. */
  wakeMs = Number.POSITIVE_INFINITY;
  /** The last epoch in which it sent something or had something back, and how many came back in it and in the one before; see activity.ts. */
  epoch = -1;
  ended = 0;
  endedBefore = 0;
  /** How long an attempt holds its slot: a moving average, in milliseconds; 0 while unknown. */
  slotMs = 0;
  /** The same as the slots are measured by; see sizing.ts. */
  usualMs = 0;
  /** Since when it has held more than it works off in good time, and when that was last seen; see overflow.ts. */
  stuckFromMs = 0;
  stuckSeenMs = Number.NEGATIVE_INFINITY;

  constructor(destination: string, rules: LaneRules, around: Surroundings) {
    this.destination = destination;
    this.thread = around.preferredBy(destination);
    this.#around = around;
    this.#rules = rules;
    this.keepTo(rules);
  }

  /** Other rules hold from now on. A breaker that is open stays so until its probe. */
  keepTo(rules: LaneRules): void {
    const { rate } = rules;
    this.#rules = rules;
    const before = this.tokens?.rate;
    if (rate === null) this.tokens = null;
    else if (before?.perSecond !== rate.perSecond || before.burst !== rate.burst)
      this.tokens = new Tokens(rate);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  push(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.waitingBytes += delivery.bytes;
  }

  /** The one that has waited longest, left in place. */
  peek(): Delivery | undefined {
    return this.#waiting.peek();
  }

  /** The one that has waited longest, taken out. */
  shift(): Delivery | undefined {
    const delivery = this.#waiting.shift();
    if (delivery !== undefined) this.waitingBytes -= delivery.bytes;
    return delivery;
  }

  /**
   * Takes out all that waits but the `keep` oldest, to be parked; answers how many. `take` is called for each, oldest first, so
   * that they keep their order.
   */
  cut(keep: number, take: (delivery: Delivery) => void): number {
    const taken = this.#waiting.cut(keep, (delivery) => {
      this.waitingBytes -= delivery.bytes;
      take(delivery);
    });
    if (taken > 0) this.parked = true;
    return taken;
  }

  /** What may be in flight when nothing is against it. */
  get window(): number {
    return this.#rules.window ?? this.#found.size;
  }

  /** How many may be in flight, whatever others want. */
  limit(nowMs: number): number {
    return this.breaker === CLOSED ? this.window : roomIn(this.breaker, this.window, nowMs);
  }

  /** Failures in a row. */
  get failuresInARow(): number {
    return this.#tally.inARow;
  }

  /** When it wants leave for a probe, be it anew, in monotonic milliseconds; null when it needs none. */
  get probeFromMs(): number | null {
    return this.breaker.kind === 'open' || this.breaker.kind === 'probing' ? this.breaker.untilMs : null;
  }

  /** When it may go on or wants its probe, in monotonic milliseconds; null when nothing but its limit is in its way. */
  get blockedUntilMs(): number | null {
    return this.breaker.kind === 'open' || this.breaker.kind === 'paused' ? this.breaker.untilMs : null;
  }

  /** When something changes for it by itself, in monotonic milliseconds; infinite when nothing does. */
  nextChangeMs(nowMs: number): number {
    const unblockedMs = this.blockedUntilMs ?? this.probeFromMs ?? 0;
    const tokensMs = this.tokens?.nextChangeMs(nowMs) ?? Number.POSITIVE_INFINITY;
    return unblockedMs > nowMs ? Math.min(unblockedMs, tokensMs) : tokensMs;
  }

  /** Whether there is nothing to keep it for. */
  get isIdle(): boolean {
    const isEmpty = this.inFlight === 0 && this.waiting === 0 && !this.parked && this.fetching === 0;
    const isFree = this.breaker.kind !== 'open' && this.breaker.kind !== 'probing';
    const isLoose = !this.queued && !this.crowded && this.tokens?.isAsked !== true;
    return isEmpty && isFree && isLoose && this.wakeMs === Number.POSITIVE_INFINITY;
  }

  /** Whether another delivery may wait here: what is parked goes first, and a lane that is blocked holds none but a probe. */
  takes(isAhead: boolean, nowMs: number): boolean {
    if (this.parked && !isAhead) return false;
    const { breaker, inFlight, waiting } = this;
    return this.limit(nowMs) > 0 && (breaker.kind !== 'probing' || inFlight + waiting === 0);
  }

  /** One has come back. */
  cameBack(ending: Ending, latencyMs: number, nowMs: number): void {
    if (ending.kind !== 'untried') this.#learn(ending, latencyMs);
    this.inFlight--;
    // By far the most frequent case, without making anything.
    if (this.breaker === CLOSED && ending.kind === 'delivered') this.#tally.succeeded(nowMs);
    else this.turn(ending, nowMs);
  }

  /** Something has happened that concerns the breaker. */
  turn(event: BreakerEvent, nowMs: number): void {
    const { random } = this.#around;
    const at: Circumstances = {
      tally: this.#tally,
      nowMs,
      random,
      rules: this.#rules.breaker,
      window: this.window,
    };
    this.breaker = transition(this.breaker, event, at);
    if (this.limit(nowMs) === 0) this.tokens?.drop();
  }

  #learn(ending: Ending, latencyMs: number): void {
    this.ended++;
    this.slotMs = this.slotMs === 0 ? latencyMs : this.slotMs + (latencyMs - this.slotMs) * SLOT_TIME_WEIGHT;
    this.#around.meter?.ended(this, latencyMs);
    if (this.#rules.window !== null) return;
    const { places } = this.#around;
    if (ending.kind === 'delivered') this.#found.succeeded(latencyMs, this.inFlight, places);
    else if (ending.kind === 'answered') this.#found.answered(this.inFlight, places);
    else this.#found.setBack(this.inFlight, places);
  }
}
