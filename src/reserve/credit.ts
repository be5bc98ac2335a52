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

export const NO_CREDIT: Credit = { count: 0, bytes: 0 };

/** What is claimed: in the lanes and in flight, and with the settler. */
export interface Holding {
  readonly held: number;
  readonly heldBytes: number;
  /** What is not settled yet is still ours: it would be sent again after a crash. */
  readonly unsettled: number;
}

/** Most deliveries that an engine with so many slots holds. */
export function mostHeld(slots: number): number {
  return Math.max(LEAST, PER_SLOT * slots);
}

/** What may be claimed now of what is ready. */
export function creditLeft(most: number, { held, heldBytes, unsettled }: Holding): Credit {
  return { count: most - held - unsettled, bytes: MOST_BYTES - heldBytes };
}

/** What may be claimed now of what is parked. */
export function creditForParked(most: number, holding: Holding): Credit {
  const { count, bytes } = creditLeft(most, holding);
  return { count: count + most * FOR_PARKED, bytes: bytes + MOST_BYTES * FOR_PARKED };
}

/** Whether room is short: what is stuck must give way before claims come to an end. */
export function isShort(most: number, { held, heldBytes }: Holding): boolean {
  return held > most * SHORT || heldBytes > MOST_BYTES * SHORT;
}
