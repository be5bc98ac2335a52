/** When the events of a steady stream are due: each at its time, whatever became of those before it (an open loop). */
export class Schedule {
  readonly #fromMicros: number;
  readonly #ratePerSecond: number;
  #most: number;

  /** `most`: events in all. */
  constructor(fromMicros: number, ratePerSecond: number, most = Number.POSITIVE_INFINITY) {
    this.#fromMicros = fromMicros;
    this.#ratePerSecond = ratePerSecond;
    this.#most = most;
  }

  /** How many are due before this time. */
  countBefore(micros: number): number {
    const due = Math.ceil(((micros - this.#fromMicros) * this.#ratePerSecond) / 1e6);
    return Math.min(Math.max(0, due), this.#most);
  }

  /** When an event is due, by its number from 0. Whole microseconds, so that `countBefore` and a comparison of times agree. */
  dueMicros(number: number): number {
    return Math.floor(this.#fromMicros + (number * 1e6) / this.#ratePerSecond);
  }

  /** Nothing is due from this time on. */
  end(micros: number): void {
    this.#most = this.countBefore(micros);
  }
}
