/**
 * Runs with a neighbour and undisturbed ones in turns. Each is compared with the undisturbed runs before and after it, as
 * the machine does not stay the same.
 */
import { keepsUp } from '../load/maximum.ts';
import { measureWindow, type WindowResult } from '../load/window.ts';
import { type Load, Rig, type RigSpec } from '../rig.ts';
import type { OnProgress } from '../scenario.ts';
import { type Goal, ratiosToNeighbours, type Spread, spread, type Verdict, verdict } from '../statistics.ts';
import type { IsolationFlags } from './flags.ts';
import { FAILING, failingLoads, HEALTHY, type HealthyLoad, type Neighbour } from './neighbours.ts';

export interface IsolationRatios {
  /** Rate of delivery of the healthy destinations, as a ratio of the undisturbed runs'. */
  readonly healthy_rate: number | null;
  readonly healthy_p99: number | null;
}

export interface NeighbourReport {
  readonly name: string;
  /** The neighbour's. */
  readonly load: Pick<Load, 'ratePerSecond' | 'bodyBytes'>;
  /** Of the healthy destinations, as all that follows. */
  readonly deliveredPerSecond: Spread;
  readonly p99Ms: Spread;
  /** Events of a run that had not come long after they were due. */
  readonly missing: Spread;
  readonly ratios: IsolationRatios;
  readonly verdicts: { readonly healthy_rate: Verdict; readonly healthy_p99: Verdict };
  readonly runs: readonly WindowResult[];
}

export interface UndisturbedReport {
  readonly deliveredPerSecond: Spread;
  readonly p99Ms: Spread;
  /** Whether deliveries kept up with what was published in every one: the ratios say nothing where not. */
  readonly keptUp: boolean;
  /** What an undisturbed run comes to when it is compared as a disturbed one is. */
  readonly noise: { readonly healthy_rate: Spread; readonly healthy_p99: Spread };
  readonly runs: readonly WindowResult[];
}

export const GOALS = {
  healthy_rate: { limit: 0.95, wanted: 'least' },
  healthy_p99: { limit: 1.5, wanted: 'most' },
} as const satisfies Record<string, Goal>;

/** Around the measured part of a run. */
const THOROUGH = { warmUpSeconds: 3, catchUpSeconds: 10, graceSeconds: 3 };
const QUICK = { warmUpSeconds: 0.3, catchUpSeconds: 1, graceSeconds: 0.3 };

/** Both groups are there in every run; the neighbour has no traffic in the undisturbed ones. */
export function rigSpec(neighbour?: Neighbour): RigSpec {
  const behaviour = neighbour?.behaviour ?? ({ kind: 'answer' } as const);
  return {
    scheme: 'http',
    groups: [
      { name: 'healthy', destinations: HEALTHY, behaviour: { kind: 'answer' }, watched: true },
      { name: 'neighbour', destinations: 1, behaviour },
      ...FAILING.map((failing) => ({ ...failing, destinations: 1 })),
    ],
  };
}

/** One run in its turn; `neighbour` is null where it was undisturbed. */
interface Turn {
  readonly neighbour: Neighbour | null;
  readonly run: WindowResult;
}

export interface RoundsReport {
  readonly undisturbed: UndisturbedReport;
  readonly cases: readonly NeighbourReport[];
}

/** Undisturbed, first neighbour, undisturbed, second neighbour, …, undisturbed. */
export async function runRounds(
  neighbours: readonly Neighbour[],
  healthy: HealthyLoad,
  flags: IsolationFlags,
  onProgress: OnProgress,
): Promise<RoundsReport> {
  const turns: Turn[] = [];
  const take = async (neighbour: Neighbour | null, round: number) => {
    onProgress(`isolation, round ${round} of ${flags.rounds}: ${neighbour?.name ?? 'undisturbed'}`);
    turns.push({ neighbour, run: await runOnce(neighbour, healthy, flags) });
  };
  for (let round = 1; round <= flags.rounds; round += 1)
    for (const neighbour of neighbours) {
      await take(null, round);
      await take(neighbour, round);
    }
  await take(null, flags.rounds);
  const undisturbed = undisturbedReport(turns);
  const cases = neighbours.map((neighbour) =>
    neighbourReport(neighbour, neighbour.load(healthy), turns, undisturbed),
  );
  return { undisturbed, cases };
}

const rateOf = (run: WindowResult) => run.deliveredPerSecond;
const p99Of = (run: WindowResult) => run.latencyMs.p99;

function undisturbedReport(turns: readonly Turn[]): UndisturbedReport {
  const runs = turns.filter(({ neighbour }) => neighbour === null).map(({ run }) => run);
  const [rates, p99s] = [runs.map(rateOf), runs.map(p99Of)];
  return {
    deliveredPerSecond: spread(rates),
    p99Ms: spread(p99s),
    keptUp: runs.every(({ deliveredPerSecond, offeredPerSecond }) =>
      keepsUp(deliveredPerSecond, offeredPerSecond),
    ),
    noise: {
      healthy_rate: spread(ratiosToNeighbours(rates)),
      healthy_p99: spread(ratiosToNeighbours(p99s)),
    },
    runs,
  };
}

function neighbourReport(
  neighbour: Neighbour,
  load: NeighbourReport['load'],
  turns: readonly Turn[],
  { noise }: UndisturbedReport,
): NeighbourReport {
  const own = (values: readonly number[]) => values.filter((_, i) => turns[i]!.neighbour === neighbour);
  // The turns before and after one with a neighbour are undisturbed.
  const ratio = (of: (run: WindowResult) => number) =>
    spread(own(ratiosToNeighbours(turns.map(({ run }) => of(run))))).median;
  const ratios = { healthy_rate: ratio(rateOf), healthy_p99: ratio(p99Of) };
  const runs = turns.filter((turn) => turn.neighbour === neighbour).map(({ run }) => run);
  return {
    name: neighbour.name,
    load,
    deliveredPerSecond: spread(runs.map(rateOf)),
    p99Ms: spread(runs.map(p99Of)),
    missing: spread(runs.map(({ missing }) => missing)),
    ratios,
    verdicts: {
      healthy_rate: verdict(ratios.healthy_rate, GOALS.healthy_rate, noise.healthy_rate),
      healthy_p99: verdict(ratios.healthy_p99, GOALS.healthy_p99, noise.healthy_p99),
    },
    runs,
  };
}

async function runOnce(
  neighbour: Neighbour | null,
  healthy: HealthyLoad,
  { quick, seconds }: IsolationFlags,
): Promise<WindowResult> {
  await using resources = new AsyncDisposableStack();
  const rig = await Rig.start(rigSpec(neighbour ?? undefined));
  resources.defer(() => rig.close());
  return await measureWindow(rig, {
    ...(quick ? QUICK : THOROUGH),
    seconds,
    load: { group: 'healthy', ...healthy },
    besides: failingLoads(healthy.bodyBytes),
    neighbour: neighbour && { group: 'neighbour', ...neighbour.load(healthy) },
  });
}
