/** The throughput scenario: every contender in turn, round after round, in every case. */
import { type Case, HEADLINE } from './cases.ts';
import type { ContenderEntry } from './contenders/contenders.ts';
import { BENCH_SECRET } from './contenders/request.ts';
import type { Flags } from './flags.ts';
import { type Machine, machine } from './machine.ts';
import { type Ceiling, receiverCeiling } from './receiver/ceiling.ts';
import { allOk, Receivers } from './receiver/receivers.ts';
import { type RunResult, run } from './run.ts';
import type { OnProgress } from './scenario.ts';
import { medianRatio, type Spread, spread } from './statistics.ts';

export interface ContenderSummary {
  /** In a run. */
  readonly deliveries: Spread;
  readonly deliveriesPerSecond: Spread;
  readonly cpuMicrosPerDelivery: Spread;
  readonly redisMicrosPerDelivery: Spread | null;
  readonly receiverMicrosPerDelivery: Spread;
  readonly rssBytes: Spread;
}

/** Medians of the ratios within each round; null where one of the two did not run. */
export interface Ratios {
  readonly engine_vs_raw: number | null;
  readonly engine_vs_bullmq_fetch: number | null;
  readonly engine_vs_bullmq_undici: number | null;
  readonly cpu_per_delivery_vs_raw: number | null;
}

export interface CaseReport extends Case {
  readonly rounds: number;
  readonly contenders: Readonly<Record<string, ContenderSummary>>;
  readonly ratios: Ratios;
}

export interface ThroughputReport {
  readonly scenario: 'throughput';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
  readonly cases: readonly CaseReport[];
  /** Of the headline case. */
  readonly ratios: Ratios;
}

/** Rounds, and seconds and warm-up deliveries of a run, by weight: the headline case decides, the others show that it holds elsewhere. */
const HEADLINE_SIZE = { rounds: 5, seconds: 4, warmUp: 30_000 };
const OTHER_SIZE = { rounds: 3, seconds: 1, warmUp: 5_000 };
const QUICK_SIZE = { rounds: 1, seconds: 0.3, warmUp: 1_000 };

/** `onProgress` gets a few words before each run. */
export async function throughput(flags: Flags, onProgress: OnProgress): Promise<ThroughputReport> {
  const { quick, threads, slotsPerThread, bodyBytes } = flags;
  const on = machine();
  const ceiling = await receiverCeiling(flags.cases[0]!.scheme, quick, onProgress);
  const cases: CaseReport[] = [];
  for (const entry of flags.cases) cases.push(await runCase(entry, flags, onProgress));
  const headline = cases.find(({ name }) => name === HEADLINE);
  return {
    scenario: 'throughput',
    quick,
    machine: on,
    receiverCeiling: ceiling,
    threads,
    slotsPerThread,
    bodyBytes,
    cases,
    ratios: headline?.ratios ?? ratios(new Map()),
  };
}

async function runCase(entry: Case, flags: Flags, onProgress: OnProgress): Promise<CaseReport> {
  const size = flags.quick ? QUICK_SIZE : entry.name === HEADLINE ? HEADLINE_SIZE : OTHER_SIZE;
  const rounds = flags.rounds ?? size.rounds;
  const results = new Map<string, RunResult[]>();
  const receivers = await Receivers.start(entry.scheme, [allOk(entry.destinations)]);
  try {
    for (let round = 1; round <= rounds; round += 1) {
      for (const contender of flags.contenders) {
        onProgress(`${entry.name}, round ${round} of ${rounds}: ${contender.name}`);
        const result = await runContender(contender, size, receivers, flags);
        results.set(contender.name, [...(results.get(contender.name) ?? []), result]);
      }
    }
  } finally {
    await receivers.close();
  }
  const contenders = Object.fromEntries([...results].map(([name, runs]) => [name, summary(runs)]));
  return { ...entry, rounds, contenders, ratios: ratios(results) };
}

function runContender(
  contender: ContenderEntry,
  { seconds, warmUp }: { readonly seconds: number; readonly warmUp: number },
  receivers: Receivers,
  { threads, slotsPerThread, bodyBytes, count, profileDirectory }: Flags,
): Promise<RunResult> {
  const job = { urls: receivers.urls(), threads, slotsPerThread, bodyBytes, secret: BENCH_SECRET };
  return run({ contender, job, count, seconds, warmUp, profileDirectory }, receivers);
}

function summary(runs: readonly RunResult[]): ContenderSummary {
  const redis = runs.flatMap(({ redisMicrosPerDelivery: micros }) => (micros === null ? [] : [micros]));
  return {
    deliveries: spread(runs.map((result) => result.deliveries)),
    deliveriesPerSecond: spread(runs.map((result) => result.deliveriesPerSecond)),
    cpuMicrosPerDelivery: spread(runs.map((result) => result.cpuMicrosPerDelivery)),
    redisMicrosPerDelivery: redis.length === 0 ? null : spread(redis),
    receiverMicrosPerDelivery: spread(runs.map((result) => result.receiverMicrosPerDelivery)),
    rssBytes: spread(runs.map((result) => result.rssBytes)),
  };
}

function ratios(results: ReadonlyMap<string, readonly RunResult[]>): Ratios {
  const rates = (name: string) => results.get(name)?.map((result) => result.deliveriesPerSecond);
  const cpu = (name: string) => results.get(name)?.map((result) => result.cpuMicrosPerDelivery);
  return {
    engine_vs_raw: medianRatio(rates('volley'), rates('raw')),
    engine_vs_bullmq_fetch: medianRatio(rates('volley'), rates('bullmq-fetch')),
    engine_vs_bullmq_undici: medianRatio(rates('volley'), rates('bullmq-undici')),
    cpu_per_delivery_vs_raw: medianRatio(cpu('volley'), cpu('raw')),
  };
}
