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
