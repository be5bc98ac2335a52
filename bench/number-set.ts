/** A set of whole numbers from 0, a bit each: a million ids take 125 KB, also on their way between processes. */
export class NumberSet {
  #bytes = new Uint8Array(1024);
  size = 0;

  /** Answers whether it was new. */
  add(number: number): boolean {
    const at = number >>> 3;
    const bit = 1 << (number & 7);
    if (at >= this.#bytes.length) this.#grow(at + 1);
    if ((this.#bytes[at]! & bit) !== 0) return false;
    this.#bytes[at]! |= bit;
    this.size += 1;
    return true;
  }

  has(number: number): boolean {
    return ((this.#bytes[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0;
  }

  #grow(least: number): void {
    const grown = new Uint8Array(Math.max(least, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }

  toBase64(): string {
    return Buffer.from(this.#bytes).toString('base64');
  }

  /** What is in any of them. */
  static union(encoded: readonly string[]): NumberSet {
    const union = new NumberSet();
    for (const text of encoded)
      for (const [at, byte] of Buffer.from(text, 'base64').entries())
        for (let bit = 0; byte >>> bit > 0; bit += 1) if ((byte >>> bit) & 1) union.add(at * 8 + bit);
    return union;
  }
}
