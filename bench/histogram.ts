/** Latencies as hdr histograms: percentiles at constant memory, and sent between processes. */
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js';

export type { Histogram } from 'hdr-histogram-js';

/** In milliseconds. */
export interface LatencyFigures {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Latencies are kept in microseconds up to an hour, to three digits. */
const HIGHEST_MICROS = 3_600_000_000;
const DIGITS = 3;

export function newHistogram(): Histogram {
  return build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MICROS,
    numberOfSignificantValueDigits: DIGITS,
    bitBucketSize: 32,
  });
}

/** What is out of range counts as the nearest that is within. */
export function record(histogram: Histogram, micros: number, count = 1): void {
  histogram.recordValueWithCount(Math.min(Math.max(1, Math.round(micros)), HIGHEST_MICROS), count);
}

export function encodeHistogram(histogram: Histogram): string {
  return encodeIntoCompressedBase64(histogram);
}

/** All of them in one. */
export function mergeHistograms(encoded: readonly string[]): Histogram {
  const merged = newHistogram();
  for (const text of encoded) merged.add(decodeFromCompressedBase64(text, 32));
  return merged;
}

export function latencyFigures(histogram: Histogram): LatencyFigures {
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

/** Percentiles of a curve to draw: closer together where latencies differ most. */
const CURVE = [0, 10, 25, 50, 75, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100];

/** Pairs of a percentile and its milliseconds. */
export function latencyCurve(histogram: Histogram): readonly (readonly [number, number])[] {
  return CURVE.map((percentile) => [percentile, histogram.getValueAtPercentile(percentile) / 1000]);
}
