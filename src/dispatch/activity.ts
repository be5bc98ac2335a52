/** How many lanes have been active of late, how many attempts of each have ended, and how many slots nobody wanted. Pure. */
import type { Dispatchable, Lane } from './lane.ts';

/** What counts as "of late", in milliseconds: this epoch and the one before it. */
export const EPOCH_MS = 1_000;

export class Activity {
  #epoch = 0;
  #sinceMs = 0;
  #active = 0;
  #activeBefore = 0;
  /** Of those, lanes that have nothing parked. */
  #plain = 0;
  #plainBefore = 0;
  #idle = Number.POSITIVE_INFINITY;
  #idleBefore = Number.POSITIVE_INFINITY;

  /** Time has passed. */
  turnOver(nowMs: number): void {
    if (nowMs - this.#sinceMs < EPOCH_MS) return;
    this.#sinceMs = nowMs;
    this.#epoch++;
    this.#activeBefore = this.#active;
    this.#active = 0;
    this.#plainBefore = this.#plain;
    this.#plain = 0;
    this.#idleBefore = this.#idle;
    this.#idle = Number.POSITIVE_INFINITY;
  }

  /** So many slots are left when all that may be sent has been. */
  left(slots: number): void {
    if (slots < this.#idle) this.#idle = slots;
  }

  /** Slots that were unused all the time. */
  get idleSlots(): number {
    return Math.min(this.#idle, this.#idleBefore);
  }

  /** A lane sends something, or something of it is about to be counted as ended. */
  note(lane: Lane<Dispatchable>): void {
    if (lane.epoch === this.#epoch) return;
    lane.endedBefore = lane.epoch === this.#epoch - 1 ? lane.ended : 0;
    lane.ended = 0;
    lane.epoch = this.#epoch;
    this.#active++;
    if (!lane.parked) this.#plain++;
  }

  get lanes(): number {
    return Math.max(this.#active, this.#activeBefore);
  }

  /** Lanes that had nothing parked when they were active. */
  get plainLanes(): number {
    return Math.max(this.#plain, this.#plainBefore);
  }

  /** Attempts of a lane that end in an epoch, at its present pace. */
  endedOf(lane: Lane<Dispatchable>): number {
    switch (this.#epoch - lane.epoch) {
      case 0:
        return Math.max(lane.ended, lane.endedBefore);
      case 1:
        return lane.ended;
      default:
        return 0;
    }
  }
}
