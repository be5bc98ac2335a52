/** The flags of the isolation scenario. */
import { integer, readFlags, words } from '../flags.ts';
import type { CommonFlags } from '../scenario.ts';
import { CASE_NAMES, HEALTHY, PARKED } from './neighbours.ts';

export interface IsolationFlags extends CommonFlags {
  readonly cases: readonly string[];
  readonly rounds: number;
  /** Of the measured part of a run. */
  readonly seconds: number;
  /** Events a second of all healthy destinations together; null for a share of the maximum. */
  readonly ratePerSecond: number | null;
  /** Events of the parked case. */
  readonly parked: number;
}

/** The healthy load, as a share of the maximum rate. */
export const SHARE = 0.7;
const ROUNDS = 3;
const SECONDS = 15;
const PARKED_EVENTS = 100_000;
/** What `--quick` does unless told otherwise. */
const QUICK = { cases: ['hang', PARKED], rounds: 1, seconds: 0.5, ratePerSecond: 500, parked: 300 };

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): IsolationFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    cases: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    rate: { type: 'string' },
    parked: { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  return {
    help,
    json,
    quick,
    cases: words('cases', values.cases, CASE_NAMES, quick ? QUICK.cases : CASE_NAMES),
    rounds: integer('rounds', values.rounds, 1, 100) ?? (quick ? QUICK.rounds : ROUNDS),
    seconds: integer('seconds', values.seconds, 1, 3_600) ?? (quick ? QUICK.seconds : SECONDS),
    ratePerSecond: integer('rate', values.rate, HEALTHY, 1_000_000) ?? (quick ? QUICK.ratePerSecond : null),
    parked: integer('parked', values.parked, 100, 100_000_000) ?? (quick ? QUICK.parked : PARKED_EVENTS),
  };
}

export const HELP = `Usage: npm run -s bench -- isolation [flags]

What a bad neighbour does to ${HEALTHY} healthy destinations that are given ${SHARE * 100} % of what this machine can deliver,
in an open loop: their rate and their 99th percentile from due to received, as ratios of undisturbed runs.

  --cases LIST    of ${CASE_NAMES.join(', ')} (default: all)
  --rounds N      rounds of all neighbours (default: ${ROUNDS})
  --seconds N     measured part of each run (default: ${SECONDS})
  --rate N        events a second for the healthy destinations (default: looked for)
  --parked N      events for one dead destination in the parked case (default: ${PARKED_EVENTS})
  --quick         short runs of two cases: shows that it works, measures nothing
  --json          one JSON object on standard output

Examples:
  npm run -s bench -- isolation
  npm run -s bench -- isolation --json > isolation.json
  npm run -s bench -- isolation --cases hang,flood --rounds 5
  npm run -s bench -- isolation --cases parked --parked 1000000
`;
