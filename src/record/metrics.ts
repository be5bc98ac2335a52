/** Counters and latencies since the start. */
import { build, type Histogram } from 'hdr-histogram-js';

/** Percentiles of a latency, in milliseconds. */
export interface Latency {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Counters {
  /** Attempts that got a 2xx. */
  delivered: number;
  /** Attempts that did not, and will be made again. */
  retried: number;
  /** Times that a delivery was put off until its event's deliverAt; no attempts. */
  early: number;
  /** Deliveries that ended as dead letters. */
  dead: number;
  /** Deliveries set aside because their destination is disabled. */
  parked: number;
  /** Deliveries handed back to the broker at a stop. */
  handedBack: number;
  /** Settlements that came after the lease had lapsed; their deliveries are made again. */
  late: number;
}

/** Latencies are kept in microseconds up to an hour, to two digits: a histogram of 40 KB whatever it has seen. */
const HIGHEST_US = 3_600_000_000;
const DIGITS = 2;

export class Metrics {
  readonly counters: Counters = {
    delivered: 0,
    retried: 0,
    early: 0,
    dead: 0,
    parked: 0,
    handedBack: 0,
    late: 0,
  };
  readonly #attempt = newHistogram();
  readonly #age = newHistogram();

  /** One delivery: how long its attempt took, and how old its event is (negative when unknown), in milliseconds. */
  delivered(attemptMs: number, ageMs: number): void {
    this.counters.delivered++;
    this.#attempt.recordValue(inRange(attemptMs));
    if (ageMs >= 0) this.#age.recordValue(inRange(ageMs));
  }

  /** From the start of a successful attempt to its end. */
  get attemptLatencyMs(): Latency {
    return latencyOf(this.#attempt);
  }

  /** From an event's timestamp, or its deliverAt where that is later, to its delivery. */
  get eventAgeMs(): Latency {
    return latencyOf(this.#age);
  }
}

function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: DIGITS,
    bitBucketSize: 32,
  });
}

function inRange(ms: number): number {
  return Math.min(Math.max(1, Math.round(ms * 1000)), HIGHEST_US);
}

function latencyOf(histogram: Histogram): Latency {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000;
  return {
    count: histogram.totalCount,
    p50: at(50),
    p90: at(90),
    p99: at(99),
    p999: at(99.9),
    max: histogram.totalCount === 0 ? 0 : histogram.maxValue / 1000,
  };
}
