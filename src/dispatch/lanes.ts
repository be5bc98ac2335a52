/** The lanes there are, which of them may go on, and when others may. Pure. */
import type { TokenWish } from '../broker/broker.ts';
import { Heap } from '../runtime/heap.ts';
import { type Breaker, type BreakerEvent, CLOSED } from './breaker.ts';
import { type Dispatchable, Lane, type LaneRules, type Surroundings } from './lane.ts';
import { Round } from './round.ts';
import { type Change, changeOf } from './standing.ts';
import { Wanting } from './wanting.ts';
import { type Drain, drainWish, probeWish, tokenWish } from './wishes.ts';

/** The lane of what has no readable destination: nothing holds it back, and nothing of it can be parked. */
export const NAMELESS = '';
const NO_RULES: LaneRules = { window: null, rate: null, breaker: null };

/**
 * Lanes kept although nothing is in them. Making and dropping one for each delivery would churn the table (see
 * runtime/numbered.ts); a lane takes some 600 bytes. One that is blocked, or has something parked, is kept in any case.
 */
export const IDLE_LANES_KEPT = 10_000;

export interface LanesParts {
  readonly around: Surroundings;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly rulesOf: (destination: string) => LaneRules;
}

export class Lanes<Delivery extends Dispatchable> {
  readonly #parts: LanesParts;
  readonly #lanes = new Map<string, Lane<Delivery>>();
  /** Those that wait for a time, by that time. One is in it once more for each later time that it waited for before. */
  readonly #clock = new Heap<Lane<Delivery>>();
  readonly #probing = new Wanting<Lane<Delivery>>();
  readonly #limited = new Wanting<Lane<Delivery>>();
  readonly #parked = new Wanting<Lane<Delivery>>();
  /** Those that may send. */
  readonly round = new Round<Delivery>();
  /** When the clock was last looked at: near enough for what is only counted. */
  seenMs = 0;

  constructor(parts: LanesParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#lanes.size;
  }

  get(destination: string): Lane<Delivery> | undefined {
    return this.#lanes.get(destination);
  }

  all(): Iterable<Lane<Delivery>> {
    return this.#lanes.values();
  }

  /** The lane of a destination, made where there is none. */
  of(destination: string): Lane<Delivery> {
    let lane = this.#lanes.get(destination);
    if (lane === undefined) {
      lane = new Lane<Delivery>(destination, this.#rulesOf(destination), this.#parts.around);
      this.#lanes.set(destination, lane);
    }
    return lane;
  }

  /** Reads the clock, in monotonic milliseconds. */
  nowMs(): number {
    return this.#parts.nowMs();
  }

  /** Reads the clock, and lets lanes go on whose time has come. */
  look(): number {
    const nowMs = this.#parts.nowMs();
    this.seenMs = nowMs;
    while (this.#clock.least <= nowMs) {
      const atMs = this.#clock.least;
      const lane = this.#clock.shift()!;
      if (lane.wakeMs !== atMs) continue;
      lane.wakeMs = Number.POSITIVE_INFINITY;
      this.#setWake(lane, nowMs);
      this.goOn(lane, nowMs);
      this.forgetIfIdle(lane);
    }
    return nowMs;
  }

  /** When the next lane's time comes, in monotonic milliseconds; null when none waits for any. */
  get nextChangeMs(): number | null {
    return this.#clock.length === 0 ? null : this.#clock.least;
  }

  /** Something has happened that concerns a lane's breaker. Answers what that changes for the destination. */
  turn(lane: Lane<Delivery>, event: BreakerEvent): Change | null {
    const nowMs = this.#parts.nowMs();
    const before = lane.breaker;
    lane.turn(event, nowMs);
    return this.changed(lane, before, nowMs);
  }

  /** As `turn`, where the breaker was `before` and has been told already. */
  changed(lane: Lane<Delivery>, before: Breaker, nowMs: number): Change | null {
    if (lane.breaker !== before) this.#setWake(lane, nowMs);
    this.goOn(lane, nowMs);
    this.forgetIfIdle(lane);
    return lane.breaker === before ? null : changeOf(before, lane, nowMs);
  }

  /** A lane that may send takes part in the round, and one that may want something of the broker is noted. */
  goOn(lane: Lane<Delivery>, nowMs: number): void {
    const { tokens } = lane;
    const maySend = tokens === null || tokens.left(nowMs) > 0;
    if (maySend && !lane.queued && lane.waiting > 0 && lane.inFlight < lane.limit(nowMs))
      this.round.enter(lane);
    if (tokens !== null) this.#limited.note(lane);
    if (lane.parked) this.#parked.note(lane);
    if (lane.breaker !== CLOSED && lane.probeFromMs !== null) this.#probing.note(lane);
  }

  /** Leave to send has been granted; or there is none, until a time. */
  tokensChanged(lane: Lane<Delivery>, nowMs: number): void {
    this.#setWake(lane, nowMs);
    this.goOn(lane, nowMs);
  }

  /**
   * What lanes want of the broker now, at most so many; see wishes.ts. Lets none go on: a lane whose time came between
   * two of these calls would be noted for the one that is over, and nothing would be left to wake for.
   */
  probes(most: number): string[] {
    const nowMs = this.#parts.nowMs();
    return this.#probing.take(most, (lane) => probeWish(lane, nowMs));
  }

  tokens(most: number): TokenWish[] {
    const nowMs = this.#parts.nowMs();
    return this.#limited.take(most, (lane) => tokenWish(lane, nowMs));
  }

  /** `mostOfEach`: how many deliveries of each. */
  drains(most: number, mostOfEach: number): Drain[] {
    const nowMs = this.#parts.nowMs();
    return this.#parked.take(most, (lane) => drainWish(lane, nowMs, mostOfEach));
  }

  /** Rules may have changed. */
  reconfigure(): void {
    const nowMs = this.#parts.nowMs();
    for (const lane of this.#lanes.values()) {
      lane.keepTo(this.#rulesOf(lane.destination));
      this.goOn(lane, nowMs);
    }
  }

  forgetIfIdle(lane: Lane<Delivery>): void {
    if (this.#lanes.size > IDLE_LANES_KEPT && lane.isIdle) this.#lanes.delete(lane.destination);
  }

  #rulesOf(destination: string): LaneRules {
    return destination === NAMELESS ? NO_RULES : this.#parts.rulesOf(destination);
  }

  #setWake(lane: Lane<Delivery>, nowMs: number): void {
    const atMs = lane.nextChangeMs(nowMs);
    if (atMs >= lane.wakeMs) return;
    lane.wakeMs = atMs;
    this.#clock.push(atMs, lane);
  }
}
