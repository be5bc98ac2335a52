/** The flags of the connections scenario. */
import { OPTIONS } from '../../src/config/options.ts';
import { VolleyError } from '../../src/errors.ts';
import { integer, integers, readFlags } from '../flags.ts';
import type { CommonFlags } from '../scenario.ts';

/** Slots per core; `auto` where the worker finds out how many. */
export type Slots = number | 'auto';

export interface ConnectionsFlags extends CommonFlags {
  readonly receiverMs: readonly number[];
  readonly slotsPerCore: readonly Slots[];
  readonly rounds: number;
  /** Of the measured part of a run. */
  readonly seconds: number;
  readonly bodyBytes: number;
}

/** Whether this version of Volley has `--concurrency auto`. */
export const HAS_AUTO = ((OPTIONS.concurrency as { words?: readonly string[] }).words ?? []).includes('auto');

const RECEIVER_MS = [10, 100, 1_000];
const { min: LEAST_SLOTS } = OPTIONS.concurrency;
/** Of a core. */
export const MOST_SLOTS = OPTIONS.concurrency.max;
const SLOTS: readonly Slots[] = [20, 50, 100, 500, 1_000, 5_000, ...(HAS_AUTO ? (['auto'] as const) : [])];
const ROUNDS = 3;
const SECONDS = 5;
const BODY_BYTES = 1_024;
const QUICK = { receiverMs: [10], slotsPerCore: [20], rounds: 1, seconds: 0.5 };

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): ConnectionsFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    'receiver-ms': { type: 'string' },
    slots: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    'body-bytes': { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  return {
    help,
    json,
    quick,
    receiverMs:
      integers('receiver-ms', values['receiver-ms'], 1, 2_000) ?? (quick ? QUICK.receiverMs : RECEIVER_MS),
    slotsPerCore: values.slots?.split(',').map(slotsOf) ?? (quick ? QUICK.slotsPerCore : SLOTS),
    rounds: integer('rounds', values.rounds, 1, 100) ?? (quick ? QUICK.rounds : ROUNDS),
    seconds: integer('seconds', values.seconds, 1, 3_600) ?? (quick ? QUICK.seconds : SECONDS),
    bodyBytes: integer('body-bytes', values['body-bytes'], 600, 1_048_576) ?? BODY_BYTES,
  };
}

function slotsOf(text: string): Slots {
  if (text !== 'auto') return integer('slots', text, LEAST_SLOTS, MOST_SLOTS)!;
  if (HAS_AUTO) return text;
  throw new VolleyError(
    'VOLLEY_USAGE',
    '--slots: this version of Volley does not find out by itself how many',
  );
}

export const HELP = `Usage: npm run -s bench -- connections [flags]

Deliveries a second, sockets and memory of a worker by its slots, with receivers that take their
time, and what the planner's model makes of the same.

  --receiver-ms LIST   how long receivers take, 1 to 2000 ms (default: ${RECEIVER_MS.join(',')})
  --slots LIST         slots per core, ${LEAST_SLOTS} to ${MOST_SLOTS}${HAS_AUTO ? ', or auto' : ''} (default: ${SLOTS.join(',')})
  --rounds N           rounds of all (default: ${ROUNDS})
  --seconds N          measured part of each run (default: ${SECONDS})
  --body-bytes N       size of the payload's JSON (default: ${BODY_BYTES})
  --quick              one short run: shows that it works, measures nothing
  --json               one JSON object on standard output

Examples:
  npm run -s bench -- connections
  npm run -s bench -- connections --receiver-ms 1000 --slots 1000,5000 --rounds 1
  npm run -s bench -- connections --json > connections.json
`;
