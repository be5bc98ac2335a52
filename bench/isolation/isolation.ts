/** The isolation scenario: what a bad neighbour does to healthy destinations. */
import { defaultOptions, type OptionValues } from '../../src/config/options.ts';
import { maximumRate } from '../load/rate.ts';
import { type Machine, machine } from '../machine.ts';
import { type Ceiling, receiverCeiling } from '../receiver/ceiling.ts';
import type { OnProgress } from '../scenario.ts';
import { type IsolationFlags, SHARE } from './flags.ts';
import { HEALTHY, NEIGHBOURS, PARKED } from './neighbours.ts';
import { type ParkedReport, parked } from './parked.ts';
import {
  type IsolationRatios,
  type NeighbourReport,
  rigSpec,
  runRounds,
  type UndisturbedReport,
} from './rounds.ts';

export interface IsolationReport {
  readonly scenario: 'isolation';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
  /** What the worker goes by where no flag says otherwise. */
  readonly workerDefaults: OptionValues;
  readonly healthyDestinations: number;
  /** Null where the rate was given. */
  readonly maximumPerSecond: number | null;
  readonly healthyPerSecond: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly undisturbed: UndisturbedReport | null;
  readonly cases: readonly NeighbourReport[];
  readonly parked: ParkedReport | null;
  /** The worst of all neighbours. */
  readonly ratios: IsolationRatios;
}

/** Of a healthy event. */
const BODY_BYTES = 1_024;

export async function measureIsolation(
  flags: IsolationFlags,
  onProgress: OnProgress,
): Promise<IsolationReport> {
  const on = machine();
  const ceiling = await receiverCeiling('http', flags.quick, onProgress);
  const search = { rig: rigSpec(), load: { group: 'healthy', bodyBytes: BODY_BYTES }, quick: flags.quick };
  const maximumPerSecond = flags.ratePerSecond === null ? await maximumRate(search, onProgress) : null;
  const ratePerSecond = flags.ratePerSecond ?? maximumPerSecond! * SHARE;
  const healthy = { ratePerSecond, bodyBytes: BODY_BYTES };

  const neighbours = NEIGHBOURS.filter(({ name }) => flags.cases.includes(name));
  const rounds = neighbours.length === 0 ? null : await runRounds(neighbours, healthy, flags, onProgress);
  const cases = rounds?.cases ?? [];
  const parkedReport = flags.cases.includes(PARKED)
    ? await parked({ healthy, events: flags.parked, quick: flags.quick }, onProgress)
    : null;
  const worst = (of: (ratios: IsolationRatios) => number | null, choose: (...ratios: number[]) => number) =>
    cases.length === 0 ? null : choose(...cases.map(({ ratios }) => of(ratios)!));
  return {
    scenario: 'isolation',
    quick: flags.quick,
    machine: on,
    workerDefaults: defaultOptions(),
    receiverCeiling: ceiling,
    healthyDestinations: HEALTHY,
    maximumPerSecond,
    healthyPerSecond: Math.round(ratePerSecond),
    bodyBytes: BODY_BYTES,
    rounds: flags.rounds,
    seconds: flags.seconds,
    undisturbed: rounds?.undisturbed ?? null,
    cases,
    parked: parkedReport,
    ratios: {
      healthy_rate: worst(({ healthy_rate }) => healthy_rate, Math.min),
      healthy_p99: worst(({ healthy_p99 }) => healthy_p99, Math.max),
    },
  };
}
