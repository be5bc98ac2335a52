/** The flags of a scenario, checked before anything is started. */
import { availableParallelism } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { VolleyError } from '../src/errors.ts';
import { CASES, type Case, caseNamed } from './cases.ts';
import { CONTENDERS, type ContenderEntry, contenderNamed } from './contenders/contenders.ts';
import type { CommonFlags } from './scenario.ts';

export interface Flags extends CommonFlags {
  readonly cases: readonly Case[];
  readonly contenders: readonly ContenderEntry[];
  /** Rounds of a case; null for as many as its weight deserves. */
  readonly rounds: number | null;
  /** Deliveries of the fastest contenders in one run; null for as many as the case deserves. */
  readonly count: number | null;
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
  readonly profileDirectory: string | null;
}

/** What `--quick` runs unless told otherwise. */
const QUICK_CASES = ['http-10', 'https-10'];

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): Flags {
  const values = read(args);
  const quick = values.quick ?? false;
  const names = (list: string | undefined, all: readonly string[]) => list?.split(',') ?? all;
  const allCases = quick ? QUICK_CASES : CASES.map(({ name }) => name);
  const allContenders = CONTENDERS.map(({ name }) => name);
  return {
    help: values.help ?? false,
    json: values.json ?? false,
    cases: names(values.cases, allCases).map(caseNamed),
    contenders: names(values.contenders, allContenders).map(contenderNamed),
    rounds: integer('rounds', values.rounds, 1, 100),
    count: integer('count', values.count, 100, 10_000_000),
    threads: integer('threads', values.threads, 1, 256) ?? availableParallelism(),
    slotsPerThread: integer('slots', values.slots, 1, 5_000) ?? 20,
    bodyBytes: integer('body-bytes', values['body-bytes'], 600, 1_048_576) ?? 1_024,
    profileDirectory: values.profile ?? null,
    quick,
  };
}

function read(args: readonly string[]) {
  return readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    cases: { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string' },
    count: { type: 'string' },
    threads: { type: 'string' },
    slots: { type: 'string' },
    'body-bytes': { type: 'string' },
    profile: { type: 'string' },
  });
}

/** A scenario's flags as texts and booleans. Throws VOLLEY_USAGE with a line that names the flag. */
export function readFlags<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  return parsed({ args: [...args], options }).values;
}

/** The same, and what is no flag. */
export function readArguments<const Options extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: Options,
) {
  return parsed({ args: [...args], options, allowPositionals: true });
}

function parsed<const Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config);
  } catch (cause) {
    const [line] = (cause as Error).message.split('\n');
    throw new VolleyError('VOLLEY_USAGE', `${line} (see --help)`, { cause });
  }
}

/** The whole number that a flag was given as; null where it was not given. Throws VOLLEY_USAGE. */
export function integer(flag: string, text: string | undefined, min: number, max: number): number | null {
  if (text === undefined) return null;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new VolleyError('VOLLEY_USAGE', `--${flag}: "${text}" is not a whole number from ${min} to ${max}`);
}

/** The whole numbers that a flag was given, separated by commas; null where it was not given. Throws VOLLEY_USAGE. */
export function integers(
  flag: string,
  text: string | undefined,
  min: number,
  max: number,
): readonly number[] | null {
  return text?.split(',').map((item) => integer(flag, item, min, max)!) ?? null;
}

/** The words that a flag was given, separated by commas, each one of `known`; all of `otherwise` where it was not given. Throws VOLLEY_USAGE. */
export function words<Word extends string>(
  flag: string,
  text: string | undefined,
  known: readonly Word[],
  otherwise: readonly Word[] = known,
): readonly Word[] {
  return (
    text?.split(',').map((item) => {
      const word = known.find((candidate) => candidate === item);
      if (word !== undefined) return word;
      throw new VolleyError(
        'VOLLEY_USAGE',
        `--${flag}: there is no "${item}", choose from ${known.join(', ')}`,
      );
    }) ?? otherwise
  );
}

export const HELP = `Usage: npm run -s bench -- throughput [flags]

Deliveries per second and CPU per delivery of Volley, of the raw undici + HMAC loop, and of
BullMQ with fetch and with undici: same receivers, same threads, same kind of Redis, in turns.

  --cases LIST        of ${CASES.map(({ name }) => name).join(', ')} (default: all)
  --contenders LIST   of ${CONTENDERS.map(({ name }) => name).join(', ')} (default: all)
  --rounds N          rounds of each case (default: 5 for http-10, 3 for the others)
  --count N           deliveries of raw and volley in a run; BullMQ gets a share of it
                      (default: what takes 3 s in http-10, 1 s in the others)
  --threads N         threads that send, and processes of BullMQ (default: one per core)
  --slots N           requests in flight per thread (default: 20)
  --body-bytes N      size of the payload's JSON (default: 1024)
  --quick             one short round of two cases: shows that it works, measures nothing
  --profile DIR       also write a CPU profile of every contender's process and thread there
  --json              one JSON object on standard output

Examples:
  npm run -s bench -- throughput
  npm run -s bench -- throughput --json > throughput.json
  npm run -s bench -- throughput --cases http-10 --contenders raw,volley --rounds 9
  npm run -s bench -- throughput --cases https-10 --contenders volley --rounds 1 --profile profiles
  npm run -s bench -- profile profiles/volley/*.cpuprofile
`;
