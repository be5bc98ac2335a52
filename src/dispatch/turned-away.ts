/**
 * The destinations whose deliveries were last turned away as they came, because they have to queue behind what is parked:
 * worth naming to the broker, so that it parks the next ones before they come. Pure.
 */

/** Most of them: the broker looks for each in what it comes past. */
const KEPT = 8;

export class TurnedAway {
  /** The last one is at the end. */
  readonly #destinations = new Set<string>();

  note(destination: string): void {
    this.#destinations.delete(destination);
    this.#destinations.add(destination);
    const [oldest] = this.#destinations;
    if (this.#destinations.size > KEPT) this.#destinations.delete(oldest!);
  }

  /** Those that are turned away still; the others are forgotten. */
  still(isTurnedAway: (destination: string) => boolean): readonly string[] {
    for (const destination of this.#destinations)
      if (!isTurnedAway(destination)) this.#destinations.delete(destination);
    return [...this.#destinations];
  }
}
