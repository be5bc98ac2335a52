/** How long a mock receiver takes to answer. Pure: randomness comes in. */

export type Latency =
  | { readonly kind: 'fixed'; readonly ms: number }
  /** `p99Ms` is at least `medianMs`, which is above 0. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly p99Ms: number }
  /** Pairs of a percentile (0 to 100) and its milliseconds, both ascending; straight lines between them. */
  | { readonly kind: 'percentiles'; readonly points: readonly (readonly [number, number])[] };

/** How many standard deviations above the middle the 99th percentile of a normal distribution is. */
const Z99 = 2.326;

/** One latency, in milliseconds. `random` is uniform in [0, 1). */
export function sampleMs(latency: Latency, random: () => number): number {
  switch (latency.kind) {
    case 'fixed':
      return latency.ms;
    case 'lognormal': {
      const sigma = Math.log(latency.p99Ms / latency.medianMs) / Z99;
      return latency.medianMs * Math.exp(sigma * standardNormal(random));
    }
    case 'percentiles':
      return betweenPoints(latency.points, random() * 100);
    default:
      return latency satisfies never;
  }
}

/** Box-Muller. */
function standardNormal(random: () => number): number {
  // 1 − u, as the logarithm of 0 has no value.
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Below the first point it is the first one's value, above the last the last one's. */
function betweenPoints(points: readonly (readonly [number, number])[], percentile: number): number {
  let [fromPercentile, fromMs] = points[0]!;
  if (percentile <= fromPercentile) return fromMs;
  for (const [toPercentile, toMs] of points) {
    if (percentile < toPercentile)
      return fromMs + ((toMs - fromMs) * (percentile - fromPercentile)) / (toPercentile - fromPercentile);
    [fromPercentile, fromMs] = [toPercentile, toMs];
  }
  return fromMs;
}
