/**
 * The places at each thread, and which thread to give a delivery to. Pure.
 *
 * A thread has a place for each of its slots, and seats ahead of those: as many as it finished in the last period, at
 * most SEATS_PER_SLOT for each slot. So a fast thread always has its next delivery at hand (waking it for each would cost more
 * than the attempts), and nothing is queued behind slots that do not move.
 */

/** One report's worth of deliveries, and what is sent while it is on its way. */
const SEATS_PER_SLOT = 2;
/** A lane keeps to its preferred thread with up to this share of that thread's slots; what is more goes where there is most room. */
const PREFERRED_SHARE = 0.25;

export class Threads {
  #slots: number;
  readonly #taken: number[];
  /** Seats ahead of the slots. */
  readonly #ahead: number[];
  /** Finished in this period. */
  readonly #finished: number[];
  readonly #withheld = new Set<number>();

  constructor(threads: number, slotsPerThread: number) {
    this.#slots = slotsPerThread;
    this.#taken = new Array(threads).fill(0);
    this.#ahead = new Array(threads).fill(0);
    this.#finished = new Array(threads).fill(0);
  }

  /** Each thread has so many slots from now on. */
  resize(slotsPerThread: number): void {
    this.#slots = slotsPerThread;
  }

  /** Places that all threads can have together. */
  get places(): number {
    return this.#taken.length * this.#slots * (1 + SEATS_PER_SLOT);
  }

  /** Free places at all threads. */
  get free(): number {
    let free = 0;
    for (let thread = 0; thread < this.#taken.length; thread++) free += this.#freeAt(thread);
    return free;
  }

  /** Slots that nothing is given to. */
  get idle(): number {
    let idle = 0;
    for (let thread = 0; thread < this.#taken.length; thread++)
      idle += Math.max(0, Math.min(this.#slots - this.#taken[thread]!, this.#freeAt(thread)));
    return idle;
  }

  /** The thread that a destination prefers. */
  preferredBy(destination: string): number {
    return hash(destination) % this.#taken.length;
  }

  /** Takes a place for a destination that now has `inFlight` deliveries out; there must be a free one. Answers the thread. */
  take(preferred: number, inFlight: number): number {
    let thread = preferred;
    if (inFlight > Math.max(1, this.#slots * PREFERRED_SHARE) || this.#freeAt(thread) === 0)
      thread = this.#roomiest();
    this.takeAt(thread);
    return thread;
  }

  takeAt(thread: number): void {
    this.#taken[thread]!++;
  }

  /** `finished`: whether the delivery had its attempt, and did not come back for want of a slot. */
  giveBack(thread: number, finished: boolean): void {
    this.#taken[thread]!--;
    if (finished) this.#finished[thread]!++;
  }

  /** Gives a thread out no more until `restore`. */
  withhold(thread: number): void {
    this.#withheld.add(thread);
  }

  restore(thread: number): void {
    this.#withheld.delete(thread);
  }

  /** A period has passed: the seats ahead follow what was finished in it. */
  turnOver(): void {
    for (let thread = 0; thread < this.#taken.length; thread++) {
      this.#ahead[thread] = Math.min(this.#slots * SEATS_PER_SLOT, this.#finished[thread]!);
      this.#finished[thread] = 0;
    }
  }

  #freeAt(thread: number): number {
    if (this.#withheld.size > 0 && this.#withheld.has(thread)) return 0;
    return Math.max(0, this.#slots + this.#ahead[thread]! - this.#taken[thread]!);
  }

  #roomiest(): number {
    let roomiest = 0;
    for (let thread = 1; thread < this.#taken.length; thread++)
      if (this.#freeAt(thread) > this.#freeAt(roomiest)) roomiest = thread;
    return roomiest;
  }
}

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/): the same thread for a destination each time its lane is made. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}
