/** What one receiver has seen: which events it took, how often, how old they were, and whose signature was wrong. */
import { build, type Histogram } from 'hdr-histogram-js';
import type { Latency } from '../../record/metrics.ts';

export interface ArrivalReport {
  /** Requests with a right signature. */
  readonly verified: number;
  readonly badSignatures: number;
  /** Events taken with a 200, each counted once. */
  readonly accepted: number;
  /** Times an event was taken again. */
  readonly duplicates: number;
  /** From an event's timestamp to the arrival of the attempt that was taken, in milliseconds. */
  readonly latencyMs: Latency;
}

/** Oldest event told apart from older ones, in milliseconds. */
const HIGHEST_MS = 3_600_000;

export class Arrivals {
  verified = 0;
  badSignatures = 0;
  readonly #seen = new Set<string>();
  readonly #accepted = new Set<string>();
  readonly #ages: Histogram;
  #duplicates = 0;

  constructor() {
    this.#ages = build({ lowestDiscernibleValue: 1, highestTrackableValue: HIGHEST_MS, bitBucketSize: 32 });
  }

  /** True when an event's id comes for the first time. */
  isFirst(id: string): boolean {
    const before = this.#seen.size;
    return this.#seen.add(id).size > before;
  }

  /** An event has been taken, this long after its timestamp. */
  accept(id: string, ageMs: number): void {
    const before = this.#accepted.size;
    if (this.#accepted.add(id).size === before) {
      this.#duplicates++;
      return;
    }
    this.#ages.recordValue(Math.min(Math.max(0, ageMs), HIGHEST_MS));
  }

  /** What these arrivals are, taken together; an event goes to one receiver only. */
  static report(all: readonly Arrivals[]): ArrivalReport {
    const sum = (part: (arrivals: Arrivals) => number) => all.reduce((total, each) => total + part(each), 0);
    const ages = new Arrivals().#ages;
    for (const each of all) ages.add(each.#ages);
    return {
      verified: sum((each) => each.verified),
      badSignatures: sum((each) => each.badSignatures),
      accepted: sum((each) => each.#accepted.size),
      duplicates: sum((each) => each.#duplicates),
      latencyMs: {
        count: ages.totalCount,
        p50: ages.getValueAtPercentile(50),
        p90: ages.getValueAtPercentile(90),
        p99: ages.getValueAtPercentile(99),
        p999: ages.getValueAtPercentile(99.9),
        max: ages.totalCount === 0 ? 0 : ages.maxValue,
      },
    };
  }
}
