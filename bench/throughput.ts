/** The throughput scenario: every contender in turn, round after round, in every case. */
import { calibrationOf } from '../src/capacity/calibration.ts';
import { type Case, HEADLINE } from './cases.ts';
import type { Flags } from './flags.ts';
import { type Machine, machine } from './machine.ts';
import { verdictWithin } from './noise.ts';
import { type PlanCheck, planCheckOf } from './plan-check.ts';
import { type Ceiling, receiverCeiling } from './receiver/ceiling.ts';
import { allOk, Receivers } from './receiver/receivers.ts';
import type { OnProgress } from './scenario.ts';
import type { Goal, Verdict } from './statistics.ts';
import {
  type ContenderSummary,
  type Ratios,
  ratiosOf,
  summaries,
  type TurnsNoise,
  takeTurns,
  turnsNoise,
} from './turns.ts';

export interface CaseReport extends Case {
  readonly rounds: number;
  readonly contenders: Readonly<Record<string, ContenderSummary>>;
  readonly ratios: Ratios;
  readonly noise: TurnsNoise;
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
  /** On its goals; null where one of the two did not run. */
  readonly verdicts: Readonly<Record<keyof Ratios, Verdict | null>>;
  /** What the planner's model makes of each case, from what a delivery costs in it. */
  readonly planChecks: readonly PlanCheck[];
}

/** What the headline case is to reach. */
export const GOALS = {
  engine_vs_raw: { limit: 0.75, wanted: 'least' },
  engine_vs_bullmq_fetch: { limit: 9, wanted: 'least' },
  engine_vs_bullmq_undici: { limit: 4, wanted: 'least' },
  cpu_per_delivery_vs_raw: { limit: 1.35, wanted: 'most' },
} as const satisfies Record<keyof Ratios, Goal>;

/** Rounds, and seconds and warm-up deliveries of a run, by weight: the headline case decides, the others show that it holds elsewhere. */
const HEADLINE_SIZE = { rounds: 5, seconds: 4, warmUp: 120_000 };
const OTHER_SIZE = { rounds: 3, seconds: 2, warmUp: 60_000 };
const QUICK_SIZE = { rounds: 1, seconds: 0.3, warmUp: 1_000 };

/** `onProgress` gets a few words before each run. */
export async function throughput(flags: Flags, onProgress: OnProgress): Promise<ThroughputReport> {
  const { quick, threads, slotsPerThread, bodyBytes } = flags;
  const on = machine();
  const ceiling = await receiverCeiling(flags.cases[0]!.scheme, quick, onProgress);
  const cases: CaseReport[] = [];
  for (const entry of flags.cases) cases.push(await runCase(entry, flags, onProgress));
  const headline = cases.find(({ name }) => name === HEADLINE);
  const report = {
    scenario: 'throughput',
    quick,
    machine: on,
    receiverCeiling: ceiling,
    threads,
    slotsPerThread,
    bodyBytes,
    cases,
    ratios: headline?.ratios ?? ratiosOf(new Map()),
    verdicts: verdictsOf(headline),
  } as const;
  return { ...report, planChecks: cases.flatMap((entry) => checkOf(entry, report)) };
}

function verdictsOf(headline: CaseReport | undefined): ThroughputReport['verdicts'] {
  const of = (name: keyof Ratios) => {
    const ratio = headline?.ratios[name] ?? null;
    if (headline === undefined || ratio === null) return null;
    const { rate, cpu } = headline.noise;
    return verdictWithin(ratio, GOALS[name], name === 'cpu_per_delivery_vs_raw' ? cpu : rate);
  };
  return {
    engine_vs_raw: of('engine_vs_raw'),
    engine_vs_bullmq_fetch: of('engine_vs_bullmq_fetch'),
    engine_vs_bullmq_undici: of('engine_vs_bullmq_undici'),
    cpu_per_delivery_vs_raw: of('cpu_per_delivery_vs_raw'),
  };
}

/** As `volley plan --from` would, from a result with this case alone; none without a run of Volley, and of a quick one. */
function checkOf(entry: CaseReport, report: Omit<ThroughputReport, 'planChecks'>): readonly PlanCheck[] {
  const calibration = calibrationOf({ ...report, cases: [entry] }, entry.scheme);
  if ('fault' in calibration) return [];
  const { predictedPerSecond, measuredPerSecond } = calibration.check;
  return [planCheckOf(entry.name, predictedPerSecond, measuredPerSecond)];
}

async function runCase(entry: Case, flags: Flags, onProgress: OnProgress): Promise<CaseReport> {
  const size = flags.quick ? QUICK_SIZE : entry.name === HEADLINE ? HEADLINE_SIZE : OTHER_SIZE;
  const rounds = flags.rounds ?? size.rounds;
  const { contenders, count, threads, slotsPerThread, bodyBytes, profileDirectory } = flags;
  const job = { threads, slotsPerThread, bodyBytes };
  const spec = { name: entry.name, contenders, count, job, profileDirectory, ...size, rounds };
  const receivers = await Receivers.start(entry.scheme, [allOk(entry.destinations)]);
  try {
    const runs = await takeTurns(spec, receivers, onProgress);
    const ratios = ratiosOf(runs);
    const noise = turnsNoise(runs, ratios);
    return { ...entry, rounds, contenders: summaries(runs), ratios, noise };
  } finally {
    await receivers.close();
  }
}
