/**
 * Finds out which delivery kills threads. Pure.
 *
 * When a thread dies, all that it had in flight are suspects. They are tried again one at a time, each alone on a
 * thread set aside for it: the innocent get through, and one that takes its thread with it when alone is poison.
 */
import { Ring } from '../runtime/ring.ts';

export class Quarantine<Delivery> {
  readonly #suspects = new Ring<Delivery>();
  /** Threads set aside; the first one is used. */
  readonly #threads: number[] = [];
  #alone: Delivery | null = null;

  /** Suspects not yet being tried. */
  get waiting(): number {
    return this.#suspects.length;
  }

  /** Sets a thread aside that has died. Answers the delivery that was alone on it and so is poison, if there was one. */
  threadLost(thread: number, inFlight: readonly Delivery[]): Delivery | null {
    const alone = this.#alone !== null && inFlight.includes(this.#alone) ? this.#alone : null;
    if (alone !== null) this.#alone = null;
    for (const suspect of inFlight) if (suspect !== alone) this.#suspects.push(suspect);
    if (!this.#threads.includes(thread)) this.#threads.push(thread);
    return alone;
  }

  /** The next suspect to try and the thread to try it on; null while one is being tried, or when there is none. */
  next(): { suspect: Delivery; thread: number } | null {
    const [thread] = this.#threads;
    if (thread === undefined || this.#alone !== null) return null;
    const suspect = this.#suspects.shift();
    if (suspect === undefined) return null;
    this.#alone = suspect;
    return { suspect, thread };
  }

  /** A delivery has ended; says whether it was the suspect being tried. */
  ended(delivery: Delivery): boolean {
    if (this.#alone !== delivery) return false;
    this.#alone = null;
    return true;
  }

  /** The threads that may be used normally again: all of them once no suspect is left. */
  release(): number[] {
    return this.#alone === null && this.#suspects.length === 0 ? this.#threads.splice(0) : [];
  }

  /** Takes out the suspects not being tried. */
  clear(): Delivery[] {
    const cleared: Delivery[] = [];
    for (let suspect = this.#suspects.shift(); suspect !== undefined; suspect = this.#suspects.shift())
      cleared.push(suspect);
    return cleared;
  }
}
