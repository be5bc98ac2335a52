/**
 * Chooses what is sent next, and by which thread. Pure: it holds deliveries and counts, and knows no clock and no socket.
 *
 * Each destination has a lane. Lanes with something waiting take turns by deficit round robin (Shreedhar and Varghese,
 * 1996): a turn is worth QUANTUM_BYTES, so a destination with big bodies gets no more than one with many small ones.
 * A lane keeps to its window of slots while others wait. It prefers one thread, whose sockets to it are warm.
 */
import { Ring } from '../runtime/ring.ts';
import { Threads } from './threads.ts';
import { windowOf } from './window.ts';

/** What the dispatcher must know of a delivery. */
export interface Dispatchable {
  readonly bytes: number;
}

/** Worth of one turn, in bytes, and what a delivery costs beside its own bytes: so that two of 1 KB go out per turn. */
const QUANTUM_BYTES = 4_096;
const FIXED_COST_BYTES = 1_024;

/**
 * Lanes kept although nothing is in them. Making and dropping one for each delivery would churn the table (see
 * runtime/numbered.ts); a lane takes some 300 bytes.
 */
export const IDLE_LANES_KEPT = 10_000;

interface Lane<Delivery> {
  readonly destination: string;
  readonly waiting: Ring<Delivery>;
  inFlight: number;
  deficitBytes: number;
  /** Whether it is in the round. */
  queued: boolean;
}

export class Dispatcher<Delivery extends Dispatchable> {
  readonly #slots: number;
  readonly #threads: Threads;
  readonly #lanes = new Map<string, Lane<Delivery>>();
  readonly #round = new Ring<Lane<Delivery>>();
  /** The lane whose turn was cut short because every place was taken. */
  #cutShort: Lane<Delivery> | null = null;
  #waiting = 0;

  constructor(threads: number, slotsPerThread: number) {
    this.#slots = threads * slotsPerThread;
    this.#threads = new Threads(threads, slotsPerThread);
  }

  /** Deliveries waiting in lanes. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Lanes there are, at most IDLE_LANES_KEPT of them with nothing waiting or in flight. */
  get lanes(): number {
    return this.#lanes.size;
  }

  add(destination: string, delivery: Delivery): void {
    const lane = this.#laneOf(destination);
    lane.waiting.push(delivery);
    this.#waiting++;
    this.#enqueue(lane);
  }

  /** Takes what can be sent now: `place` is called for each, in order. */
  assign(place: (delivery: Delivery, thread: number) => void): void {
    let free = this.#threads.free;
    // A whole round in which every lane kept to its window ends it.
    let heldBack = 0;
    while (free > 0 && heldBack < this.#round.length + (this.#cutShort === null ? 0 : 1)) {
      const lane = this.#takeTurn();
      const window = windowOf(this.#slots, this.#round.length);
      const sent = this.#serve(lane, Math.min(free, window - lane.inFlight), place);
      free -= sent;
      const isFull = lane.inFlight >= window;
      heldBack = sent === 0 && isFull ? heldBack + 1 : 0;
      if (free === 0 && !isFull && this.#canPay(lane)) {
        this.#cutShort = lane;
        return;
      }
      // A lane saves up for a large delivery, not for having been held back or empty.
      if (isFull || lane.waiting.length === 0) lane.deficitBytes = 0;
      lane.queued = false;
      this.#enqueue(lane);
      // One that was cleared in its absence has nothing in flight that would come back and forget it.
      if (sent === 0) this.#forgetIfIdle(lane);
    }
  }

  /** Takes a place at a withheld thread, for a delivery that is sent past the lanes; `release` gives it back. */
  readmit(destination: string, thread: number): void {
    this.#laneOf(destination).inFlight++;
    this.#threads.takeAt(thread);
  }

  /** A place is free again. `finished`: whether its delivery had its attempt. */
  release(destination: string, thread: number, finished = true): void {
    this.#threads.giveBack(thread, finished);
    const lane = this.#lanes.get(destination)!;
    lane.inFlight--;
    this.#forgetIfIdle(lane);
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
  }

  /** Takes out everything that waits. */
  clear(): Delivery[] {
    const cleared: Delivery[] = [];
    for (const destination of this.#lanes.keys())
      for (const delivery of this.clearLane(destination)) cleared.push(delivery);
    while (this.#round.shift() !== undefined);
    this.#cutShort = null;
    for (const lane of this.#lanes.values()) {
      lane.queued = false;
      this.#forgetIfIdle(lane);
    }
    return cleared;
  }

  /** Takes out what waits for one destination. */
  clearLane(destination: string): Delivery[] {
    const lane = this.#lanes.get(destination);
    const cleared: Delivery[] = [];
    if (lane === undefined) return cleared;
    for (let delivery = lane.waiting.shift(); delivery !== undefined; delivery = lane.waiting.shift())
      cleared.push(delivery);
    this.#waiting -= cleared.length;
    this.#forgetIfIdle(lane);
    return cleared;
  }

  /** The lane to serve: the one that was cut short goes on where it was, any other gets a new quantum. */
  #takeTurn(): Lane<Delivery> {
    const resumed = this.#cutShort;
    this.#cutShort = null;
    if (resumed !== null) return resumed;
    const lane = this.#round.shift()!;
    lane.deficitBytes += QUANTUM_BYTES;
    return lane;
  }

  /** Sends up to `most` of a lane's deliveries as long as its deficit pays for them; answers how many. */
  #serve(lane: Lane<Delivery>, most: number, place: (delivery: Delivery, thread: number) => void): number {
    let sent = 0;
    while (sent < most && this.#canPay(lane)) {
      const delivery = lane.waiting.shift()!;
      lane.deficitBytes -= costOf(delivery);
      lane.inFlight++;
      this.#waiting--;
      sent++;
      place(delivery, this.#threads.take(lane.destination, lane.inFlight));
    }
    return sent;
  }

  #canPay(lane: Lane<Delivery>): boolean {
    const next = lane.waiting.peek();
    return next !== undefined && costOf(next) <= lane.deficitBytes;
  }

  #laneOf(destination: string): Lane<Delivery> {
    let lane = this.#lanes.get(destination);
    if (lane === undefined) {
      lane = { destination, waiting: new Ring(), inFlight: 0, deficitBytes: 0, queued: false };
      this.#lanes.set(destination, lane);
    }
    return lane;
  }

  #enqueue(lane: Lane<Delivery>): void {
    if (lane.queued || lane.waiting.length === 0) return;
    lane.queued = true;
    this.#round.push(lane);
  }

  #forgetIfIdle(lane: Lane<Delivery>): void {
    const isIdle = lane.inFlight === 0 && lane.waiting.length === 0 && !lane.queued;
    if (isIdle && this.#lanes.size > IDLE_LANES_KEPT) this.#lanes.delete(lane.destination);
  }
}

function costOf(delivery: Dispatchable): number {
  return delivery.bytes + FIXED_COST_BYTES;
}
