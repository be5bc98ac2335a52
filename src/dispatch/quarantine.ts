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

  /**
   * Sets a thread aside that has died. `served`: whether it had begun to serve; one that dies before has not been
   * killed by a delivery. Answers the delivery that was alone on it and so is poison, if there was one.
   */
  threadLost(thread: number, inFlight: readonly Delivery[], served: boolean): Delivery | null {
    const wasAlone = this.#alone !== null && inFlight.includes(this.#alone);
    const poison = wasAlone && served ? this.#alone : null;
    if (wasAlone) this.#alone = null;
    for (const suspect of inFlight) if (suspect !== poison) this.#suspects.push(suspect);
    if (!this.#threads.includes(thread)) this.#threads.push(thread);
    return poison;
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

  /** A delivery has ended. */
  ended(delivery: Delivery): void {
    if (this.#alone === delivery) this.#alone = null;
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
