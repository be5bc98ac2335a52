/** How many lanes have been active of late, and how many attempts of each have ended. Pure. */
import type { Dispatchable, Lane } from './lane.ts';

/** What counts as "of late", in milliseconds: this epoch and the one before it. */
export const EPOCH_MS = 1_000;

export class Activity {
  #epoch = 0;
  #sinceMs = 0;
  #active = 0;
  #activeBefore = 0;

  /** Time has passed. */
  turnOver(nowMs: number): void {
    if (nowMs - this.#sinceMs < EPOCH_MS) return;
    this.#sinceMs = nowMs;
    this.#epoch++;
    this.#activeBefore = this.#active;
    this.#active = 0;
  }

  /** A lane sends something, or something of it is about to be counted as ended. */
  note(lane: Lane<Dispatchable>): void {
    if (lane.epoch === this.#epoch) return;
    lane.endedBefore = lane.epoch === this.#epoch - 1 ? lane.ended : 0;
    lane.ended = 0;
    lane.epoch = this.#epoch;
    this.#active++;
  }

  get lanes(): number {
    return Math.max(this.#active, this.#activeBefore);
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
