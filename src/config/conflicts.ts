/** Options that are each in range and still do not go together. */
import { OPTIONS, type OptionValues } from './options.ts';
import { formatDuration } from './values.ts';

/** How long an attempt may last, and how long the claim on its delivery. */
export type Deadlines = Pick<
  OptionValues,
  'connectTimeoutMs' | 'readTimeoutMs' | 'totalTimeoutMs' | 'leaseMs'
>;

/** How fast a destination is sent to. */
export type Pace = Pick<OptionValues, 'ratePerSecond' | 'rateBurst'>;

/** `between[0]` must be in `relation` to `between[1]`. */
export interface Conflict {
  readonly between: readonly [keyof Deadlines, keyof Deadlines];
  readonly relation: 'at most' | 'above';
  /** What to do, in a few words. */
  readonly fix: string;
}

/**
 * What an attempt's outcome may take from the end of the attempt to the broker, in milliseconds: the batch it waits for
 * and one command. A lease that ends earlier would be reclaimed, and delivered twice, while its result is on the way.
 */
export const SETTLE_ALLOWANCE_MS = 250;

/** The first conflict among the options, or null. `named` is how the place they are set at writes them. */
export function findConflict(
  options: Deadlines,
  named = (name: keyof Deadlines) => `--${OPTIONS[name].flag}`,
): Conflict | null {
  const { connectTimeoutMs, readTimeoutMs, totalTimeoutMs, leaseMs } = options;
  const raiseTotal = (ms: number) =>
    `lower the first, or raise ${named('totalTimeoutMs')} to ${formatDuration(ms)}`;
  if (connectTimeoutMs > totalTimeoutMs)
    return {
      between: ['connectTimeoutMs', 'totalTimeoutMs'],
      relation: 'at most',
      fix: raiseTotal(connectTimeoutMs),
    };
  if (readTimeoutMs > totalTimeoutMs)
    return {
      between: ['readTimeoutMs', 'totalTimeoutMs'],
      relation: 'at most',
      fix: raiseTotal(readTimeoutMs),
    };
  const leastLeaseMs = totalTimeoutMs + SETTLE_ALLOWANCE_MS;
  if (leaseMs < leastLeaseMs)
    return {
      between: ['leaseMs', 'totalTimeoutMs'],
      relation: 'above',
      fix: `set ${named('leaseMs')} to ${formatDuration(leastLeaseMs)} or more, which leaves ${formatDuration(SETTLE_ALLOWANCE_MS)} to settle`,
    };
  return null;
}

/** Whether there is a burst, and no rate limit that it could be the burst of. */
export function isBurstAlone({ ratePerSecond, rateBurst }: Pace): boolean {
  return rateBurst !== null && ratePerSecond === null;
}
