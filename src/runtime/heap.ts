/** A binary heap: things under a number each, the one with the least number first. Adding and taking cost log n. */
export class Heap<Item> {
  readonly #keys: number[] = [];
  readonly #items: Item[] = [];

  get length(): number {
    return this.#items.length;
  }

  /** The least number; infinite when empty. */
  get least(): number {
    return this.#keys[0] ?? Number.POSITIVE_INFINITY;
  }

  push(key: number, item: Item): void {
    let at = this.#items.length;
    for (let above = (at - 1) >> 1; at > 0 && this.#keys[above]! > key; above = (at - 1) >> 1) {
      this.#move(above, at);
      at = above;
    }
    this.#put(at, key, item);
  }

  /** The item with the least number, taken out; undefined when empty. */
  shift(): Item | undefined {
    const first = this.#items[0];
    const key = this.#keys.pop();
    const last = this.#items.pop();
    if (key === undefined || this.#items.length === 0) return first;
    let at = 0;
    for (let below = this.#lesserBelow(at); this.#keys[below]! < key; below = this.#lesserBelow(at)) {
      this.#move(below, at);
      at = below;
    }
    this.#put(at, key, last!);
    return first;
  }

  /** The lesser of the two below a place; a place that is empty when there are none. */
  #lesserBelow(at: number): number {
    const left = 2 * at + 1;
    return this.#keys[left + 1]! < this.#keys[left]! ? left + 1 : left;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#keys[from]!, this.#items[from]!);
  }

  #put(at: number, key: number, item: Item): void {
    this.#keys[at] = key;
    this.#items[at] = item;
  }
}
