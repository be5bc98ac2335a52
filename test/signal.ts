/** Lets tests wait for what they are told of, instead of sleeping for a guess. */
export class Signal {
  readonly #waiting = new Set<() => void>();

  /** Something has happened. */
  raise(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves as soon as `test` holds; looks now, and each time something has happened. */
  until(test: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (!test()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }
}
