/** How much an engine holds of the queue: what bounds its memory, in number and in bytes. Pure. */

/** What may be claimed: deliveries, and bytes of envelopes. */
export interface Credit {
  readonly count: number;
  readonly bytes: number;
}

/** How many times its slots an engine claims ahead, at least: what keeps them fed between two claims. */
const PER_SLOT = 16;
const LEAST = 1_024;
/** Most bytes of envelopes claimed and not yet settled: bounds memory when bodies are large. */
const MOST_BYTES = 64 * 1_048_576;
/**
 * How much more, as a share, may be held of what was parked. Apart from the rest: destinations that come back together would
 * take all there is, and others' deliveries would wait in the broker. At PER_SLOT it is more than threads have places.
 */
const FOR_PARKED = 0.25;

/** What is held, in the lanes and in flight: what was claimed as it was ready, and what was parked before. */
export class Holdings {
  readonly ready = { count: 0, bytes: 0 };
  readonly parked = { count: 0, bytes: 0 };

  take(bytes: number, wasParked: boolean): void {
    const held = wasParked ? this.parked : this.ready;
    held.count++;
    held.bytes += bytes;
  }

  letGo(bytes: number, wasParked: boolean): void {
    const held = wasParked ? this.parked : this.ready;
    held.count--;
    held.bytes -= bytes;
  }

  get count(): number {
    return this.ready.count + this.parked.count;
  }

  get bytes(): number {
    return this.ready.bytes + this.parked.bytes;
  }
}

const NO_CREDIT: Credit = { count: 0, bytes: 0 };

export class Credits {
  /** Most deliveries that the engine holds. */
  #most!: number;
  readonly #holdings: Holdings;
  readonly #unsettled: () => number;
  readonly #isSuspended: () => boolean;

  /**
   * `unsettled`: how many are with the settler, and still ours: they would be sent again after a crash.
   * `isSuspended`: whether nothing may be claimed for now.
   */
  constructor(slots: number, holdings: Holdings, unsettled: () => number, isSuspended: () => boolean) {
    this.resize(slots);
    this.#holdings = holdings;
    this.#unsettled = unsettled;
    this.#isSuspended = isSuspended;
  }

  /** There are so many slots from now on. */
  resize(slots: number): void {
    this.#most = Math.max(LEAST, PER_SLOT * slots);
  }

  /** What may be claimed now of what is ready. */
  ofReady(): Credit {
    if (this.#isSuspended()) return NO_CREDIT;
    const { ready } = this.#holdings;
    return { count: this.#most - ready.count - this.#unsettled(), bytes: MOST_BYTES - ready.bytes };
  }

  /** What may be claimed now of what is parked. */
  ofParked(): Credit {
    if (this.#isSuspended()) return NO_CREDIT;
    const { parked, count } = this.#holdings;
    const more = Math.floor(this.#most * FOR_PARKED);
    return {
      count: Math.min(more - parked.count, this.#most + more - count - this.#unsettled()),
      bytes: MOST_BYTES * FOR_PARKED - parked.bytes,
    };
  }

  /** The room for claims, in deliveries and in bytes, and the share of it that is taken, of either, whichever is more. */
  room(): { readonly count: number; readonly bytes: number; readonly takenShare: number } {
    const { count, bytes } = this.#holdings;
    const takenShare = Math.max(count / this.#most, bytes / MOST_BYTES);
    return { count: this.#most, bytes: MOST_BYTES, takenShare };
  }
}
