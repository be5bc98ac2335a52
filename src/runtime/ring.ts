/** A first-in, first-out queue in a ring that grows by doubling: adding and taking cost the same at any length. */

/** Items there is room for at first; an empty ring takes nothing, for there are many. */
const FIRST_LENGTH = 16;
/** A ring that had more room than this lets go of it when it is empty. */
const KEPT_LENGTH = 256;

export class Ring<Item> {
  #items: (Item | undefined)[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: Item): void {
    if (this.#length === this.#items.length) this.#grow();
    this.#items[(this.#head + this.#length++) & (this.#items.length - 1)] = item;
  }

  /** The oldest item, taken out; undefined when empty. */
  shift(): Item | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#items.length - 1);
    if (--this.#length === 0) this.#letGo();
    return item;
  }

  /** Takes out all but the `keep` oldest: `take` is called for each, oldest first. Answers how many. */
  cut(keep: number, take: (item: Item) => void): number {
    const { length } = this;
    for (let n = keep; n < length; n++) {
      const at = (this.#head + n) & (this.#items.length - 1);
      const item = this.#items[at]!;
      this.#items[at] = undefined;
      take(item);
    }
    this.#length = Math.min(keep, length);
    if (this.#length === 0) this.#letGo();
    return Math.max(0, length - keep);
  }

  /** The oldest item, left in place; undefined when empty. */
  peek(): Item | undefined {
    return this.#length === 0 ? undefined : this.#items[this.#head];
  }

  #grow(): void {
    const { length } = this.#items;
    const grown: (Item | undefined)[] = new Array(Math.max(FIRST_LENGTH, length * 2)).fill(undefined);
    for (let i = 0; i < length; i++) grown[i] = this.#items[(this.#head + i) & (length - 1)];
    this.#items = grown;
    this.#head = 0;
  }

  #letGo(): void {
    if (this.#items.length <= KEPT_LENGTH) return;
    this.#items = [];
    this.#head = 0;
  }
}
