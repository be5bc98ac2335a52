/**
 * Chooses what is sent next, and by which thread. Pure: it holds deliveries and counts; clock, randomness and what the broker
 * answers come in.
 *
 * Each destination has a lane. Lanes that may send take turns (round.ts), and what a delivery costs is its bytes and the time
 * for which it is expected to hold a slot: so neither big bodies nor slow answers get a destination more of the whole than
 * many small and fast ones. A lane that may not send (at its window, blocked, out of leave) leaves the round and costs
 * nothing until something of it comes back, its time has come, or the broker has answered. What a lane should not hold is
 * parked in the broker by the caller, and fetched from there as the lane can take it (exchange.ts). A lane prefers one thread,
 * whose sockets to it are warm.
 */
import { Activity } from './activity.ts';
import { CLOSED } from './breaker.ts';
import { Egress } from './egress.ts';
import { type Ending, UNTRIED } from './ending.ts';
import { Exchange } from './exchange.ts';
import type { Dispatchable, Lane, LaneRules, Surroundings } from './lane.ts';
import { Lanes, NAMELESS } from './lanes.ts';
import { Crowded, type Room } from './overflow.ts';
import { costOf, type Round } from './round.ts';
import type { SlotMeter, SlotUse } from './slot-round.ts';
import { type Change, type Standing, standingOf } from './standing.ts';
import { Threads } from './threads.ts';
import { shareOf } from './window.ts';

export interface DispatcherParts {
  readonly threads: number;
  readonly slotsPerThread: number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Asked when a lane is made, and again after `reconfigure`. */
  readonly rulesOf: (destination: string) => LaneRules;
  /** What all lanes together may send; null where nothing caps it. */
  readonly maxEgressBytesPerSecond?: number | null;
  /** Told of each attempt that ended; null where the number of slots stays as it is. */
  readonly meter?: SlotMeter | null;
}

/**
 * A lane whose attempts take longer than this, in milliseconds, keeps to its share as long as others have sent anything
 * of late: its slots come back too slowly for those who come next. Quick ones keep to it while others wait.
 */
const QUICK_MS = 50;
/**
 * It has the whole of its share only where more than so many of all slots have been unused all the time of late: near to what
 * the slots can do, others would wait for each other, and a slot that is lent for seconds cannot be had back.
 */
const SPARE = 0.05;

export class Dispatcher<Delivery extends Dispatchable> {
  #slots: number;
  readonly #threadCount: number;
  readonly #threads: Threads;
  readonly #around: Surroundings;
  readonly #lanes: Lanes<Delivery>;
  readonly #round: Round<Delivery>;
  readonly #crowded = new Crowded<Delivery>();
  readonly #activity = new Activity();
  readonly #egress: Egress | null;
  #waiting = 0;
  /** What is to be told to the broker, and heard from it. */
  readonly exchange: Exchange;

  constructor(parts: DispatcherParts) {
    const { threads, slotsPerThread, nowMs, random, rulesOf, meter = null } = parts;
    this.#slots = threads * slotsPerThread;
    this.#threadCount = threads;
    this.#threads = new Threads(threads, slotsPerThread);
    const { places } = this.#threads;
    const preferredBy = (destination: string) => this.#threads.preferredBy(destination);
    this.#around = { places, preferredBy, random, meter };
    this.#lanes = new Lanes({ around: this.#around, nowMs, rulesOf });
    this.#round = this.#lanes.round;
    const { maxEgressBytesPerSecond: cap = null } = parts;
    this.#egress = cap === null ? null : new Egress(cap);
    this.exchange = new Exchange(this.#lanes, this.#egress);
  }

  /** Each thread has so many slots from now on; shares and windows follow. */
  resize(slotsPerThread: number): void {
    this.#slots = this.#threadCount * slotsPerThread;
    this.#threads.resize(slotsPerThread);
    this.#around.places = this.#threads.places;
  }

  /** How the slots are used; see slot-round.ts. */
  get use(): SlotUse {
    const isShort = !this.#round.isEmpty && !this.#egress?.isSpent;
    return { isShort, idle: this.#threads.idle };
  }

  /** Deliveries waiting in lanes. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Lanes there are, at most IDLE_LANES_KEPT of them with nothing to keep them for. */
  get lanes(): number {
    return this.#lanes.size;
  }

  /** Lanes that have sent anything of late, and have nothing parked. */
  get plainLanes(): number {
    return this.#activity.plainLanes;
  }

  /**
   * Answers false when the lane does not take it, and then the caller parks it: the destination is blocked, or has
   * deliveries parked, which go first. `isAhead`: it goes before those, as it comes from them, or has come back untried.
   */
  add(destination: string, delivery: Delivery, isAhead = false): boolean {
    const lane = this.#lanes.of(destination);
    const isPlain = lane.breaker === CLOSED && !lane.parked;
    const nowMs = isPlain ? this.#lanes.seenMs : this.#lanes.nowMs();
    if (!isPlain && !lane.takes(isAhead, nowMs)) {
      lane.parked = true;
      return false;
    }
    lane.push(delivery);
    this.#waiting++;
    this.#lanes.goOn(lane, nowMs);
    if (destination !== NAMELESS) this.#crowded.note(lane);
    return true;
  }

  /** Takes what can be sent now: `place` is called for each, in order. */
  assign(place: (delivery: Delivery, thread: number) => void): void {
    this.#assign(place);
    this.#activity.left(this.#threads.idle);
  }

  #assign(place: (delivery: Delivery, thread: number) => void): void {
    const nowMs = this.#lanes.look();
    this.#egress?.look(nowMs);
    let free = this.#egress?.isSpent ? 0 : this.#threads.free;
    this.#round.begin();
    while (free > 0) {
      const lane = this.#round.next();
      if (lane === null) return;
      const limit = this.#limitOf(lane, nowMs);
      const sent = this.#serve(lane, Math.min(free, limit - lane.inFlight), place);
      free = this.#egress?.isSpent ? 0 : free - sent;
      const isFull = lane.inFlight >= limit;
      if (free === 0 && !isFull && canPay(lane)) {
        this.#round.cutShort(lane);
        return;
      }
      this.#round.end(lane, sent, isFull);
      this.#lanes.goOn(lane, nowMs);
      // One that was cleared in its absence has nothing in flight that would come back and forget it.
      if (sent === 0) this.#lanes.forgetIfIdle(lane);
    }
  }

  /** Takes a place at a withheld thread, for a delivery that is sent past the lanes; `ended` gives it back. */
  readmit(destination: string, thread: number): void {
    this.#lanes.of(destination).inFlight++;
    this.#threads.takeAt(thread);
  }

  /**
   * A place is free again. `latencyMs`: what the attempt took. Answers what that changes for the destination: the caller
   * tells the broker, and when it is blocked now parks what waits (`clearLane`).
   */
  ended(destination: string, thread: number, ending: Ending, latencyMs: number): Change | null {
    this.#threads.giveBack(thread, ending.kind !== 'untried');
    const lane = this.#lanes.get(destination)!;
    const before = lane.breaker;
    const isPlain = before === CLOSED && ending.kind === 'delivered';
    const nowMs = isPlain ? this.#lanes.seenMs : this.#lanes.nowMs();
    this.#activity.note(lane);
    lane.cameBack(destination === NAMELESS ? UNTRIED : ending, latencyMs, nowMs);
    return this.#lanes.changed(lane, before, nowMs);
  }

  /**
   * Takes out what lanes should not hold (see overflow.ts): `take` is called for each, those of a lane in their order, and the
   * caller parks it. `room`: the room for claims.
   */
  overflow(room: Room, take: (delivery: Delivery) => void): void {
    const moment = { nowMs: this.#lanes.seenMs, room, activity: this.#activity };
    this.#waiting -= this.#crowded.relieve(moment, take);
  }

  /** How a destination stands; null when nothing is known of it. */
  standing(destination: string): Standing | null {
    const lane = this.#lanes.get(destination);
    return lane === undefined ? null : standingOf(lane, this.#lanes.nowMs());
  }

  /** The rules of destinations may have changed. */
  reconfigure(): void {
    this.#lanes.reconfigure();
  }

  /** Sends nothing more to a thread until `restore`; its places that are taken come back as usual. */
  withhold(thread: number): void {
    this.#threads.withhold(thread);
  }

  restore(thread: number): void {
    this.#threads.restore(thread);
  }

  /** A period has passed; see Threads. */
  turnOver(): void {
    this.#threads.turnOver();
    this.#activity.turnOver(this.#lanes.look());
  }

  /** Takes out everything that waits, to be handed back. */
  clear(): Delivery[] {
    const cleared: Delivery[] = [];
    const nowMs = this.#lanes.nowMs();
    this.#round.clear();
    for (const lane of this.#lanes.all()) {
      for (let delivery = lane.shift(); delivery !== undefined; delivery = lane.shift())
        cleared.push(delivery);
      this.#lanes.goOn(lane, nowMs);
      this.#lanes.forgetIfIdle(lane);
    }
    this.#waiting = 0;
    return cleared;
  }

  /** Takes out what waits for one destination, to be parked. */
  clearLane(destination: string): Delivery[] {
    const cleared: Delivery[] = [];
    const lane = this.#lanes.get(destination);
    if (lane === undefined) return cleared;
    this.#waiting -= lane.cut(0, (delivery) => cleared.push(delivery));
    this.#lanes.goOn(lane, this.#lanes.nowMs());
    this.#lanes.forgetIfIdle(lane);
    return cleared;
  }

  /** Sends up to `most` of a lane's deliveries as long as its credit pays for them; answers how many. */
  #serve(lane: Lane<Delivery>, most: number, place: (delivery: Delivery, thread: number) => void): number {
    let sent = 0;
    while (sent < most && canPay(lane) && !this.#egress?.isSpent) {
      const delivery = lane.shift()!;
      this.#egress?.use(delivery.bytes);
      lane.deficit -= costOf(delivery, lane);
      lane.inFlight++;
      lane.tokens?.use();
      this.#waiting--;
      sent++;
      place(delivery, this.#threads.take(lane.thread, lane.inFlight));
    }
    if (sent > 0) this.#activity.note(lane);
    return sent;
  }

  /** How many a lane may have out now. */
  #limitOf(lane: Lane<Delivery>, nowMs: number): number {
    const limit = Math.min(lane.limit(nowMs), this.#shareOf(lane));
    return lane.tokens === null ? limit : Math.min(limit, lane.inFlight + lane.tokens.left(nowMs));
  }

  /** What a lane may have out, for the sake of others. */
  #shareOf(lane: Lane<Delivery>): number {
    const others = this.#round.length;
    if (lane.slotMs <= QUICK_MS) return shareOf(this.#slots, others);
    const isHeldBack = this.#activity.idleSlots <= this.#slots * SPARE;
    return shareOf(this.#slots, Math.max(others, this.#activity.lanes - 1), isHeldBack);
  }
}

function canPay(lane: Lane<Dispatchable>): boolean {
  const next = lane.peek();
  return next !== undefined && costOf(next, lane) <= lane.deficit;
}
