/** Numbers of several rounds, told by their median. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** `values` is not empty. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** The spread of the values, each that many times as large. `factor` is above 0. */
export function scaledSpread({ median, min, max }: Spread, factor: number): Spread {
  return { median: median * factor, min: min * factor, max: max * factor };
}

/** The median of the ratios within each round, so that what slowed a whole round cancels out. Null without a common round. */
export function medianRatio(
  numerators: readonly number[] | undefined,
  denominators: readonly number[] | undefined,
): number | null {
  const rounds = Math.min(numerators?.length ?? 0, denominators?.length ?? 0);
  if (rounds === 0) return null;
  return spread(Array.from({ length: rounds }, (_, round) => numerators![round]! / denominators![round]!))
    .median;
}

/** Whether a goal is reached. `within-noise`: the ratio is no farther from the limit than undisturbed runs are from each other. */
export type Verdict = 'reached' | 'missed' | 'within-noise';

export interface Goal {
  readonly limit: number;
  /** Which side of the limit is wanted. */
  readonly wanted: 'least' | 'most';
}

/** `noise`: what the ratio comes to where there is no difference. */
export function verdict(ratio: number, { limit, wanted }: Goal, noise: Spread): Verdict {
  const distance = ratio / limit;
  if (distance >= Math.min(noise.min, 1) && distance <= Math.max(noise.max, 1)) return 'within-noise';
  return distance >= 1 === (wanted === 'least') ? 'reached' : 'missed';
}

/** What each value is as a ratio of the mean of those before and after it: 1 where nothing but the machine changed them. */
export function ratiosToNeighbours(values: readonly number[]): readonly number[] {
  return values.map((value, i) => {
    const around = [values[i - 1], values[i + 1]].filter((other) => other !== undefined);
    return around.length === 0 ? 1 : value / mean(around);
  });
}

/** `values` is not empty. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
