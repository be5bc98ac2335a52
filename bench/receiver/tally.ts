/** What a group of mock receivers saw, in one process. */
import { encodeHistogram, type Histogram, newHistogram, record } from '../histogram.ts';
import type { EventMark } from '../load/event-id.ts';
import { NumberSet } from '../number-set.ts';

/** What was seen from one mark to the next. */
export interface PeriodTally {
  readonly name: string;
  /** First deliveries that arrived in the period. */
  readonly arrived: number;
  /** Histogram from due to received, of events due in the period, whenever they arrived. */
  readonly latency: string;
}

export interface TallyReport {
  readonly requests: number;
  /** Deliveries of events that had been delivered before. */
  readonly repeated: number;
  readonly badSignatures: number;
  /** Numbers of the events delivered. */
  readonly numbers: string;
  readonly periods: readonly PeriodTally[];
}

interface Period {
  readonly name: string;
  readonly fromMicros: number;
  arrived: number;
  readonly latency: Histogram;
}

export class Tally {
  requests = 0;
  repeated = 0;
  badSignatures = 0;
  #numbers = new NumberSet();
  /** In the order of time; what is before the first belongs to none. */
  #periods: Period[] = [];

  /** Different events delivered. */
  get delivered(): number {
    return this.#numbers.size;
  }

  reset(): void {
    this.requests = 0;
    this.repeated = 0;
    this.badSignatures = 0;
    this.#numbers = new NumberSet();
    this.#periods = [];
  }

  /** Begins a period, best a moment ahead: what was due before belongs to the one before. */
  mark(name: string, fromMicros: number): void {
    this.#periods.push({ name, fromMicros, arrived: 0, latency: newHistogram() });
  }

  /** A request that is answered with a 2xx. */
  deliver({ number, dueMicros }: EventMark, nowMicros: number): void {
    if (!this.#numbers.add(number)) {
      this.repeated += 1;
      return;
    }
    const now = this.#periodAt(nowMicros);
    if (now !== null) now.arrived += 1;
    const due = this.#periodAt(dueMicros);
    if (due !== null) record(due.latency, nowMicros - dueMicros);
  }

  #periodAt(micros: number): Period | null {
    for (let i = this.#periods.length - 1; i >= 0; i -= 1)
      if (this.#periods[i]!.fromMicros <= micros) return this.#periods[i]!;
    return null;
  }

  report(): TallyReport {
    const { requests, repeated, badSignatures } = this;
    const periods = this.#periods.map(({ name, arrived, latency }) => ({
      name,
      arrived,
      latency: encodeHistogram(latency),
    }));
    return { requests, repeated, badSignatures, numbers: this.#numbers.toBase64(), periods };
  }
}
