/** The ledger of numbered events: which were accepted, and how often each arrived. */
export class Ledger {
  /** How often each number arrived; 255 stands for that or more. */
  readonly #arrivals: Uint8Array;
  readonly accepted: number;
  /** Different numbers that arrived. */
  delivered = 0;
  /** Arrivals of a number that had arrived before. */
  duplicates = 0;
  /** Arrivals of numbers that nobody published. */
  strangers = 0;

  /** Accepts the numbers 0 … accepted-1. */
  constructor(accepted: number) {
    this.accepted = accepted;
    this.#arrivals = new Uint8Array(accepted);
  }

  arrived(number: number): void {
    const before = this.#arrivals[number];
    if (before === undefined) this.strangers++;
    else if (before === 0) this.delivered++;
    else this.duplicates++;
    if (before !== undefined && before < 255) this.#arrivals[number] = before + 1;
  }

  /** Numbers that never arrived. */
  get missing(): number[] {
    return [...this.#arrivals.entries()].flatMap(([number, count]) => (count === 0 ? [number] : []));
  }

  toString(): string {
    const { accepted, delivered, duplicates, strangers } = this;
    return `accepted ${accepted}, delivered ${delivered}, duplicates ${duplicates}, strangers ${strangers}`;
  }
}
