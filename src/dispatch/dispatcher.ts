/**
 * Chooses what is sent next, and by which thread. Pure: it holds deliveries and counts, and knows no clock and no socket.
 *
 * Each destination has a lane. Lanes with something waiting take turns by deficit round robin (Shreedhar and Varghese,
 * 1996): a turn is worth QUANTUM bytes, so a destination with big bodies gets no more than one with many small ones.
 * A lane keeps to its window of slots while others wait. It prefers one thread, whose sockets to it are warm.
 */
import { Ring } from '../runtime/ring.ts';
import { windowOf } from './window.ts';

/** What the dispatcher must know of a delivery. */
export interface Dispatchable {
  readonly bytes: number;
}

/** Worth of one turn, in bytes, and what a delivery costs beside its own bytes: so that two of 1 KB go out per turn. */
const QUANTUM_BYTES = 4_096;
const FIXED_COST_BYTES = 1_024;

interface Lane<Delivery> {
  readonly destination: string;
  readonly waiting: Ring<Delivery>;
  readonly preferredThread: number;
  inFlight: number;
  deficitBytes: number;
  /** Whether it is in the round. */
  queued: boolean;
}

export class Dispatcher<Delivery extends Dispatchable> {
  readonly #slots: number;
  readonly #free: number[];
  readonly #lanes = new Map<string, Lane<Delivery>>();
  readonly #round = new Ring<Lane<Delivery>>();
  readonly #withheld = new Set<number>();
  #nextThread = 0;
  #freeTotal: number;
  #waiting = 0;

  constructor(threads: number, slotsPerThread: number) {
    this.#slots = threads * slotsPerThread;
    this.#freeTotal = this.#slots;
    this.#free = new Array(threads).fill(slotsPerThread);
  }

  /** Deliveries waiting in lanes. */
  get waiting(): number {
    return this.#waiting;
  }

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
    // A whole round in which every lane kept to its window ends it.
    let held = 0;
    while (this.#freeTotal > 0 && held < this.#round.length) {
      const lane = this.#round.shift()!;
      const window = windowOf(this.#slots, this.#round.length);
      lane.deficitBytes += QUANTUM_BYTES;
      let sent = false;
      while (this.#freeTotal > 0 && lane.inFlight < window) {
        const next = lane.waiting.peek();
        if (next === undefined) break;
        const costBytes = next.bytes + FIXED_COST_BYTES;
        if (costBytes > lane.deficitBytes) break;
        lane.deficitBytes -= costBytes;
        lane.waiting.shift();
        this.#waiting--;
        lane.inFlight++;
        sent = true;
        place(next, this.#takeSlot(lane.preferredThread));
      }
      lane.queued = false;
      // A lane saves up for a large delivery, not for having been held back or empty.
      if (lane.waiting.length === 0 || lane.inFlight >= window) lane.deficitBytes = 0;
      held = sent || lane.inFlight < window ? 0 : held + 1;
      this.#enqueue(lane);
    }
  }

  /** Takes a slot of a withheld thread, for a delivery that is sent past the lanes; `release` gives it back. */
  readmit(destination: string, thread: number): void {
    this.#laneOf(destination).inFlight++;
    this.#free[thread]!--;
  }

  /** A slot is free again. */
  release(destination: string, thread: number): void {
    this.#free[thread]!++;
    if (!this.#withheld.has(thread)) this.#freeTotal++;
    const lane = this.#lanes.get(destination)!;
    lane.inFlight--;
    if (lane.inFlight === 0 && lane.waiting.length === 0) this.#lanes.delete(destination);
  }

  /** Sends nothing more to a thread until `restore`; its slots that are taken come back as usual. */
  withhold(thread: number): void {
    this.#withheld.add(thread);
    this.#freeTotal -= this.#free[thread]!;
  }

  restore(thread: number): void {
    if (this.#withheld.delete(thread)) this.#freeTotal += this.#free[thread]!;
  }

  /** Takes out everything that waits. */
  clear(): Delivery[] {
    const cleared: Delivery[] = [];
    for (const lane of this.#lanes.values()) {
      for (let delivery = lane.waiting.shift(); delivery !== undefined; delivery = lane.waiting.shift())
        cleared.push(delivery);
      if (lane.inFlight === 0) this.#lanes.delete(lane.destination);
    }
    this.#waiting = 0;
    return cleared;
  }

  #laneOf(destination: string): Lane<Delivery> {
    let lane = this.#lanes.get(destination);
    if (lane === undefined) {
      this.#nextThread = (this.#nextThread + 1) % this.#free.length;
      lane = {
        destination,
        waiting: new Ring(),
        preferredThread: this.#nextThread,
        inFlight: 0,
        deficitBytes: 0,
        queued: false,
      };
      this.#lanes.set(destination, lane);
    }
    return lane;
  }

  #enqueue(lane: Lane<Delivery>): void {
    if (lane.queued || lane.waiting.length === 0) return;
    lane.queued = true;
    this.#round.push(lane);
  }

  /** The preferred thread if it has a free slot, or else the one with most. */
  #takeSlot(preferred: number): number {
    let thread = preferred;
    let most = this.#freeOf(preferred);
    for (let other = 0; most === 0 && other < this.#free.length; other++) {
      if (this.#freeOf(other) > most) {
        thread = other;
        most = this.#freeOf(other);
      }
    }
    this.#free[thread]!--;
    this.#freeTotal--;
    return thread;
  }

  #freeOf(thread: number): number {
    return this.#withheld.size > 0 && this.#withheld.has(thread) ? 0 : this.#free[thread]!;
  }
}
