/** Contenders in turns, round after round, against the same receivers: what slows the machine for a while slows all of them. */
import type { Job } from './contenders/contender.ts';
import type { ContenderEntry } from './contenders/contenders.ts';
import { BENCH_SECRET } from './contenders/request.ts';
import { type Noise, noiseLines, noiseOf, undecided } from './noise.ts';
import type { Receivers } from './receiver/receivers.ts';
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
export type Ratios = {
  readonly engine_vs_raw: number | null;
  readonly engine_vs_bullmq_fetch: number | null;
  readonly engine_vs_bullmq_undici: number | null;
  readonly cpu_per_delivery_vs_raw: number | null;
};

/** What runs of one contender differ by, and what of the ratios that leaves open. */
export interface TurnsNoise {
  readonly rate: Noise;
  readonly cpu: Noise;
  /** Ratios within the noise of 1: they tell no difference. */
  readonly undecided: readonly string[];
}

export interface TurnsSpec {
  /** Of what is measured, for progress. */
  readonly name: string;
  readonly rounds: number;
  readonly contenders: readonly ContenderEntry[];
  readonly job: Omit<Job, 'redisPort' | 'urls' | 'secret'>;
  /** Deliveries of a run; null for as many as take about `seconds`. */
  readonly count: number | null;
  readonly seconds: number;
  /** Deliveries before the clock, for the fastest contenders. */
  readonly warmUp: number;
  /** Null for no CPU profiles. */
  readonly profileDirectory: string | null;
}

/** The runs of each contender, in the order of the rounds. */
export type Runs = ReadonlyMap<string, readonly RunResult[]>;

/** `onProgress` gets a few words before each run. */
export async function takeTurns(
  { name, rounds, contenders, job, ...size }: TurnsSpec,
  receivers: Receivers,
  onProgress: OnProgress,
): Promise<Runs> {
  const runs = new Map<string, RunResult[]>(contenders.map((contender) => [contender.name, []]));
  for (let round = 1; round <= rounds; round += 1)
    for (const contender of contenders) {
      onProgress(`${name}, round ${round} of ${rounds}: ${contender.name}`);
      const work = { ...job, urls: receivers.urls(), secret: BENCH_SECRET };
      runs.get(contender.name)!.push(await run({ contender, job: work, ...size }, receivers));
    }
  return runs;
}

export function summaries(runs: Runs): Readonly<Record<string, ContenderSummary>> {
  return Object.fromEntries([...runs].map(([name, results]) => [name, summary(results)]));
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

/** `ratios`: of the runs, by names that begin with `cpu` where they are of CPU. */
export function turnsNoise(runs: Runs, ratios: Readonly<Record<string, number | null>>): TurnsNoise {
  const noise = (value: (result: RunResult) => number) =>
    noiseOf([...runs.values()].map((results) => results.map(value)));
  const rate = noise((result) => result.deliveriesPerSecond);
  const cpu = noise((result) => result.cpuMicrosPerDelivery);
  return { rate, cpu, undecided: undecided(ratios, (name) => (name.startsWith('cpu') ? cpu : rate)) };
}

export function turnsNoiseLines({ rate, cpu, undecided: ratios }: TurnsNoise): string[] {
  return noiseLines({ rate, CPU: cpu }, ratios);
}

export function ratiosOf(results: Runs): Ratios {
  const rates = (name: string) => results.get(name)?.map((result) => result.deliveriesPerSecond);
  const cpu = (name: string) => results.get(name)?.map((result) => result.cpuMicrosPerDelivery);
  return {
    engine_vs_raw: medianRatio(rates('volley'), rates('raw')),
    engine_vs_bullmq_fetch: medianRatio(rates('volley'), rates('bullmq-fetch')),
    engine_vs_bullmq_undici: medianRatio(rates('volley'), rates('bullmq-undici')),
    cpu_per_delivery_vs_raw: medianRatio(cpu('volley'), cpu('raw')),
  };
}
