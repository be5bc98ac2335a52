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
/** The share of either from which room is short. */
const SHORT = 0.5;
/** How much more, as a share, may be held of what was parked: it comes for windows that have room, whatever else is held. */
const FOR_PARKED = 0.25;

/** What is claimed: in the lanes and in flight, and with the settler. */
export interface Holding {
  readonly held: number;
  readonly heldBytes: number;
  /** What is not settled yet is still ours: it would be sent again after a crash. */
  readonly unsettled: number;
}

const NO_CREDIT: Credit = { count: 0, bytes: 0 };

export class Credits {
  /** Most deliveries that the engine holds. */
  #most!: number;
  readonly #holding: () => Holding;
  readonly #isSuspended: () => boolean;

  /** `isSuspended`: whether nothing may be claimed for now. */
  constructor(slots: number, holding: () => Holding, isSuspended: () => boolean) {
    this.resize(slots);
    this.#holding = holding;
    this.#isSuspended = isSuspended;
  }

  /** There are so many slots from now on. */
  resize(slots: number): void {
    this.#most = Math.max(LEAST, PER_SLOT * slots);
  }

  /** What may be claimed now of what is ready. */
  ofReady(): Credit {
    return this.#credit(0);
  }

  /** What may be claimed now of what is parked. */
  ofParked(): Credit {
    return this.#credit(FOR_PARKED);
  }

  /** Whether room is short: what is stuck must give way before claims come to an end. */
  isShort(): boolean {
    const { held, heldBytes } = this.#holding();
    return held > this.#most * SHORT || heldBytes > MOST_BYTES * SHORT;
  }

  #credit(more: number): Credit {
    if (this.#isSuspended()) return NO_CREDIT;
    const { held, heldBytes, unsettled } = this.#holding();
    return {
      count: Math.floor(this.#most * (1 + more)) - held - unsettled,
      bytes: MOST_BYTES * (1 + more) - heldBytes,
    };
  }
}
