/** What a machine with other work does to figures, and what may not be concluded from them then. Pure. */
import { type Goal, ratiosToNeighbours, type Spread, spread, type Verdict, verdict } from './statistics.ts';

/** What runs come to as ratios of the runs of the same in the rounds before and after; null where there are too few rounds to tell. */
export type Noise = Spread | null;

/** Fewer rounds say nothing of how much they differ. */
const LEAST_ROUNDS = 3;
/** The load average, as a share of the cores, above which a machine was not left to the benchmark. */
const BUSY_SHARE = 0.5;
/** Rounds that are so much above or below those around them were disturbed, whatever the load average says. */
const UNSTEADY_SHARE = 0.25;

/** As much as the other. */
const NO_LESS: Goal = { limit: 1, wanted: 'least' };

/** Whether something else ran before the benchmark began. */
export function isBusy({
  loadAverage,
  cores,
}: {
  readonly loadAverage: number;
  readonly cores: number;
}): boolean {
  return loadAverage > cores * BUSY_SHARE;
}

/** The noise of what is compared: the values of each, in the order of the rounds. */
export function noiseOf(series: readonly (readonly number[])[]): Noise {
  const values = series.filter((rounds) => rounds.length >= LEAST_ROUNDS).flatMap(ratiosToNeighbours);
  return values.length === 0 ? null : spread(values);
}

/** The names of those ratios that tell no difference: noise alone is as far from 1, or is not known. */
export function undecided(
  ratios: Readonly<Record<string, number | null>>,
  noiseFor: (name: string) => Noise,
): readonly string[] {
  return Object.entries(ratios).flatMap(([name, ratio]) =>
    ratio !== null && verdictWithin(ratio, NO_LESS, noiseFor(name)) === 'within-noise' ? [name] : [],
  );
}

/** Whether a goal is reached, as far as the noise lets that be seen. */
export function verdictWithin(ratio: number, goal: Goal, noise: Noise): Verdict {
  return noise === null ? 'within-noise' : verdict(ratio, goal, noise);
}

/** From the least to the most. */
export function noiseText(noise: Noise): string {
  return noise === null ? 'not known' : `${noise.min.toFixed(2)} to ${noise.max.toFixed(2)}`;
}

/** What there is to say of noise, by what it is of. */
export function noiseLines(
  noises: Readonly<Record<string, Noise>>,
  undecidedRatios: readonly string[] = [],
): string[] {
  const known = Object.entries(noises).filter((entry): entry is [string, Spread] => entry[1] !== null);
  if (known.length === 0)
    return [
      `The noise is not known of fewer than ${LEAST_ROUNDS} rounds: no difference is called one, and no winner.`,
    ];
  const parts = known.map(([name, noise]) => `${name} ${noiseText(noise)}`);
  const isUnsteady = known.some(([, { min, max }]) => max > 1 + UNSTEADY_SHARE || min < 1 - UNSTEADY_SHARE);
  return [
    `Noise, what runs come to beside the same in the rounds around them: ${parts.join(', ')}.`,
    ...(undecidedRatios.length === 0
      ? []
      : [`No difference is seen beyond it in, and no winner called by: ${undecidedRatios.join(', ')}.`]),
    ...(isUnsteady
      ? [
          `Rounds differ by more than ${UNSTEADY_SHARE * 100} %: something else ran. Run again, with more --rounds, or where nothing else runs.`,
        ]
      : []),
  ];
}
