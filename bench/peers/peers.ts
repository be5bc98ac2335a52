/** The peers scenario: everything that can send a webhook side by side, in turns, against the same receivers. */
import { availableParallelism } from 'node:os';
import { CASES, type Case } from '../cases.ts';
import { CONTENDERS } from '../contenders/contenders.ts';
import { integer, readFlags, words } from '../flags.ts';
import { type Machine, machine } from '../machine.ts';
import { GENERATORS } from '../receiver/load-generators.ts';
import { allOk, Receivers } from '../receiver/receivers.ts';
import type { RunResult } from '../run.ts';
import type { CommonFlags, OnProgress } from '../scenario.ts';
import { medianRatio, type Spread, spread } from '../statistics.ts';
import {
  type ContenderSummary,
  type Ratios,
  ratiosOf,
  summaries,
  type TurnsNoise,
  takeTurns,
  turnsNoise,
} from '../turns.ts';

export interface PeersFlags extends CommonFlags {
  readonly cases: readonly Case[];
  readonly rounds: number;
  readonly seconds: number;
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
}

export interface PeersCase extends Case {
  readonly contenders: Readonly<Record<string, ContenderSummary>>;
  /** Requests answered a second, by load generator; none of those that are not installed. */
  readonly generators: Readonly<Record<string, Spread>>;
  readonly ratios: Ratios & {
    readonly engine_vs_autocannon: number | null;
    readonly engine_vs_wrk: number | null;
  };
  readonly noise: TurnsNoise;
}

export interface PeersReport {
  readonly scenario: 'peers';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly cases: readonly PeersCase[];
}

const CASE_NAMES = CASES.map(({ name }) => name);
const USUAL_CASES = ['http-10', 'https-10'];
const THOROUGH = { cases: USUAL_CASES, rounds: 5, seconds: 4, warmUp: 120_000 };
const QUICK = { cases: ['http-10'], rounds: 1, seconds: 0.3, warmUp: 1_000 };

export async function measurePeers(flags: PeersFlags, onProgress: OnProgress): Promise<PeersReport> {
  const { quick, threads, slotsPerThread, bodyBytes, rounds, seconds } = flags;
  const on = machine();
  const cases: PeersCase[] = [];
  for (const entry of flags.cases) cases.push(await runCase(entry, flags, onProgress));
  return {
    scenario: 'peers',
    quick,
    machine: on,
    threads,
    slotsPerThread,
    bodyBytes,
    rounds,
    seconds,
    cases,
  };
}

async function runCase(entry: Case, flags: PeersFlags, onProgress: OnProgress): Promise<PeersCase> {
  const { quick, rounds, seconds, threads, slotsPerThread, bodyBytes } = flags;
  const { warmUp } = quick ? QUICK : THOROUGH;
  const job = { threads, slotsPerThread, bodyBytes };
  const turn = { contenders: CONTENDERS, job, count: null, seconds, warmUp, profileDirectory: null };
  const runs = new Map<string, RunResult[]>();
  const rates = new Map<string, number[]>();
  const receivers = await Receivers.start(entry.scheme, [allOk(entry.destinations)]);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const name = `${entry.name}, round ${round} of ${rounds}`;
      const once = await takeTurns({ ...turn, name, rounds: 1 }, receivers, onProgress);
      for (const [contender, results] of once) append(runs, contender, ...results);
      for (const [generator, send] of Object.entries(GENERATORS)) {
        onProgress(`${name}: ${generator}`);
        const load = { connections: threads * slotsPerThread, threads, bodyBytes };
        const rate = await send(receivers.urls()[0]!, { ...load, seconds: Math.ceil(seconds) });
        if (rate !== null) append(rates, generator, rate);
      }
    }
  } finally {
    await receivers.close();
  }
  const engine = runs.get('volley')!.map(({ deliveriesPerSecond }) => deliveriesPerSecond);
  const ratios = {
    ...ratiosOf(runs),
    engine_vs_autocannon: medianRatio(engine, rates.get('autocannon')),
    engine_vs_wrk: medianRatio(engine, rates.get('wrk')),
  };
  return {
    ...entry,
    contenders: summaries(runs),
    generators: Object.fromEntries([...rates].map(([name, values]) => [name, spread(values)])),
    ratios,
    noise: turnsNoise(runs, ratios),
  };
}

function append<Value>(lists: Map<string, Value[]>, name: string, ...values: readonly Value[]): void {
  lists.set(name, [...(lists.get(name) ?? []), ...values]);
}

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): PeersFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    cases: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    threads: { type: 'string' },
    slots: { type: 'string' },
    'body-bytes': { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  const usual = quick ? QUICK : THOROUGH;
  const names = words('cases', values.cases, CASE_NAMES, usual.cases);
  return {
    help,
    json,
    quick,
    cases: CASES.filter(({ name }) => names.includes(name)),
    rounds: integer('rounds', values.rounds, 1, 100) ?? usual.rounds,
    seconds: integer('seconds', values.seconds, 1, 3_600) ?? usual.seconds,
    threads: integer('threads', values.threads, 1, 256) ?? availableParallelism(),
    slotsPerThread: integer('slots', values.slots, 1, 5_000) ?? 20,
    bodyBytes: integer('body-bytes', values['body-bytes'], 600, 65_536) ?? 1_024,
  };
}

export const HELP = `Usage: npm run -s bench -- peers [flags]

Everything that can send a webhook, in turns against the same receivers: the raw undici + HMAC loop,
Volley, BullMQ with fetch and with undici, and the load generators autocannon and, where it is
installed, wrk, which have no queue, no signatures and one destination.

  --cases LIST     of ${CASE_NAMES.join(', ')} (default: ${USUAL_CASES.join(',')})
  --rounds N       rounds of each case (default: ${THOROUGH.rounds})
  --seconds N      of a run, about (default: ${THOROUGH.seconds})
  --threads N      threads that send, and processes of BullMQ (default: one per core)
  --slots N        requests in flight per thread (default: 20)
  --body-bytes N   size of the payload's JSON (default: 1024)
  --quick          one short round: shows that it works, measures nothing
  --json           one JSON object on standard output

Examples:
  npm run -s bench -- peers
  npm run -s bench -- peers --cases http-10 --rounds 9 --json > peers.json
`;
