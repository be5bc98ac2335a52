/**
 * The connections that nobody uses, in the order they were last used. Links run through the connections themselves, so
 * that joining and leaving cost the same at any length and leave no garbage (see runtime/numbered.ts).
 */
export interface Linked<Item> {
  older: Item | null;
  newer: Item | null;
}

export class IdleList<Item extends Linked<Item>> {
  #oldest: Item | null = null;
  #newest: Item | null = null;

  get oldest(): Item | null {
    return this.#oldest;
  }

  /** Adds one that is not in the list. */
  append(item: Item): void {
    item.older = this.#newest;
    if (this.#newest === null) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  /** Takes one out; nothing happens where it is not in the list. */
  remove(item: Item): void {
    const { older, newer } = item;
    if (older === null && this.#oldest !== item) return;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    item.older = null;
    item.newer = null;
  }
}
