/**
 * Lanes that may want something of the broker. Each is looked at once for each time it was noted, in the order in which that was:
 * so what a call costs is bounded, whatever the number of lanes, and none is passed over for ever.
 */
export class Wanting<Lane> {
  readonly #lanes = new Set<Lane>();

  note(lane: Lane): void {
    this.#lanes.add(lane);
  }

  /** The wishes of up to `most` lanes; `wishOf` answers null where a lane has none. */
  take<Wish>(most: number, wishOf: (lane: Lane) => Wish | null): Wish[] {
    const wishes: Wish[] = [];
    if (this.#lanes.size === 0) return wishes;
    for (const lane of this.#lanes) {
      if (wishes.length === most) break;
      this.#lanes.delete(lane);
      const wish = wishOf(lane);
      if (wish !== null) wishes.push(wish);
    }
    return wishes;
  }
}
