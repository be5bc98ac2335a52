/**
 * Things that come and go, each under a number that no other has meanwhile. Numbers are used again, so they stay small.
 *
 * Not a Set or a Map: those replace their table again and again under such use, and each old table keeps the next one
 * alive, and with it what was in it. Measured in a sending thread: 36 full garbage collections in 130 000 attempts, and
 * 16 without, most of them in the first seconds.
 */
export class Numbered<Item> {
  readonly #items: (Item | undefined)[] = [];
  readonly #freeNumbers: number[] = [];

  get count(): number {
    return this.#items.length - this.#freeNumbers.length;
  }

  /** Files an item; answers its number. */
  add(item: Item): number {
    const number = this.#freeNumbers.pop() ?? this.#items.length;
    this.#items[number] = item;
    return number;
  }

  /** Takes out the item of a number that `add` gave. */
  take(number: number): Item {
    const item = this.#items[number]!;
    this.#items[number] = undefined;
    this.#freeNumbers.push(number);
    return item;
  }

  /** The items that are there now and pass the test. */
  where(test: (item: Item) => boolean): Item[] {
    return this.#items.filter((item): item is Item => item !== undefined && test(item));
  }
}
