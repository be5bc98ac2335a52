/** The ledger of numbered events: which were accepted, and how often each arrived. */
export class Ledger {
  readonly accepted: number;
  /** How often each number arrived; 255 stands for that or more. */
  readonly #arrivals: Uint8Array;
  /** The period in which each number arrived first. */
  readonly #firstPeriod: Uint8Array;
  /** Different numbers that arrived. */
  delivered = 0;
  /** Arrivals of numbers that nobody published. */
  strangers = 0;
  /** Arrivals of a number that had arrived before, by the period of its first arrival. */
  readonly duplicatesByPeriod: number[] = [0];

  /** Accepts the numbers 0 … accepted-1. */
  constructor(accepted: number) {
    this.accepted = accepted;
    this.#arrivals = new Uint8Array(accepted);
    this.#firstPeriod = new Uint8Array(accepted);
  }

  /** Begins a new period (at most 256): what is arriving twice later is charged to the one in which it arrived first. */
  nextPeriod(): void {
    this.duplicatesByPeriod.push(0);
  }

  arrived(number: number): void {
    const before = this.#arrivals[number];
    if (before === undefined) {
      this.strangers++;
      return;
    }
    if (before === 0) {
      this.delivered++;
      this.#firstPeriod[number] = this.duplicatesByPeriod.length - 1;
    } else {
      this.duplicatesByPeriod[this.#firstPeriod[number]!]!++;
    }
    if (before < 255) this.#arrivals[number] = before + 1;
  }

  get duplicates(): number {
    return this.duplicatesByPeriod.reduce((sum, count) => sum + count, 0);
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
