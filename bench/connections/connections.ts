/** The connections scenario: what slots do for receivers that take their time. */
import { availableParallelism } from 'node:os';
import { defaultOptions, type OptionValues } from '../../src/config/options.ts';
import { type Machine, machine } from '../machine.ts';
import { type Noise, noiseOf } from '../noise.ts';
import { type PlanCheck, planCheck } from '../plan-check.ts';
import { type Ceiling, receiverCeiling } from '../receiver/ceiling.ts';
import type { OnProgress } from '../scenario.ts';
import { type Spread, spread } from '../statistics.ts';
import { type ConnectionsFlags, MOST_SLOTS, type Slots } from './flags.ts';
import { runSteady, type SteadyResult } from './steady.ts';

export interface ConnectionsPoint {
  readonly receiverMs: number;
  readonly slotsPerCore: Slots;
  /** Median of the rounds, as what has no spread. */
  readonly deliveriesPerSecond: number;
  readonly ratePerSecond: Spread;
  readonly cpuMicrosPerDelivery: number;
  readonly sockets: number;
  readonly rssBytes: number;
  /** Of the best fixed setting for these receivers. */
  readonly ofBest: number | null;
}

export interface ConnectionsReport {
  readonly scenario: 'connections';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
  /** What the worker goes by where nothing says otherwise. */
  readonly workerDefaults: OptionValues;
  readonly bodyBytes: number;
  readonly rounds: number;
  readonly seconds: number;
  /** What the model is given: CPU of a delivery of all on this machine, seen with receivers that answer at once. */
  readonly sharedMicrosPerDelivery: number;
  readonly points: readonly ConnectionsPoint[];
  /** Of their rates. */
  readonly noise: Noise;
  /** Of the fixed settings. */
  readonly planChecks: readonly PlanCheck[];
}

/** Windows grow once in each round trip, and connections are opened meanwhile. */
const THOROUGH = { warmUpSeconds: 3, warmUpRoundTrips: 10, autoSeconds: 30 };
const QUICK = { warmUpSeconds: 0.5, warmUpRoundTrips: 10, autoSeconds: 2 };
/** More than a core delivers, a second. */
const MOST_PER_CORE = 25_000;
/** What a run delivers at most, as a ratio of what its slots allow: queues are filled by it. */
const MARGIN = 1.2;
/** The run that tells the model what a delivery costs. */
const CALIBRATION = { receiverMs: 0, slotsPerCore: 20 } as const;

type Place = Pick<ConnectionsPoint, 'receiverMs' | 'slotsPerCore'>;

export async function measureConnections(
  flags: ConnectionsFlags,
  onProgress: OnProgress,
): Promise<ConnectionsReport> {
  const { quick, rounds, seconds, bodyBytes } = flags;
  const on = machine();
  const ceiling = await receiverCeiling('http', quick, onProgress);
  const places = flags.receiverMs.flatMap((receiverMs) =>
    flags.slotsPerCore.map((slotsPerCore): Place => ({ receiverMs, slotsPerCore })),
  );
  const all = [CALIBRATION, ...places];
  const runs = new Map<Place, SteadyResult[]>(all.map((place) => [place, []]));
  for (let round = 1; round <= rounds; round += 1)
    for (const place of all) {
      onProgress(`connections, round ${round} of ${rounds}: ${placeText(place)}`);
      runs.get(place)!.push(await runSteady({ ...specOf(place, flags), bodyBytes, seconds }));
    }
  const median = (place: Place, of: (run: SteadyResult) => number) => spread(runs.get(place)!.map(of)).median;
  const sharedMicros = median(CALIBRATION, (run) => run.sharedMicrosPerDelivery);
  const points = places.map((place) => pointOf(place, runs.get(place)!));
  return {
    scenario: 'connections',
    quick,
    machine: on,
    receiverCeiling: ceiling,
    workerDefaults: defaultOptions(),
    bodyBytes,
    rounds,
    seconds,
    sharedMicrosPerDelivery: sharedMicros,
    points: points.map((point) => ({ ...point, ofBest: ofBest(point, points) })),
    noise: noiseOf(places.map((place) => runs.get(place)!.map((run) => run.deliveriesPerSecond))),
    planChecks: points.flatMap((point) => checkOf(point, sharedMicros)),
  };
}

export function placeText({ receiverMs, slotsPerCore }: Place): string {
  return `${receiverMs} ms, ${slotsPerCore} slots per core`;
}

function specOf({ receiverMs, slotsPerCore }: Place, { quick }: ConnectionsFlags) {
  const { warmUpSeconds, warmUpRoundTrips, autoSeconds } = quick ? QUICK : THOROUGH;
  const cores = availableParallelism();
  const warmUp = warmUpSeconds + (warmUpRoundTrips * receiverMs) / 1e3;
  const slots = cores * (slotsPerCore === 'auto' ? MOST_SLOTS : slotsPerCore);
  const bySlots = receiverMs === 0 ? Number.POSITIVE_INFINITY : (slots * 1e3 * MARGIN) / receiverMs;
  return {
    receiverMs,
    workerFlags: ['--concurrency', String(slotsPerCore)],
    warmUpSeconds: slotsPerCore === 'auto' ? warmUp + autoSeconds : warmUp,
    mostPerSecond: Math.min(MOST_PER_CORE * cores, bySlots),
  };
}

function pointOf(place: Place, runs: readonly SteadyResult[]): Omit<ConnectionsPoint, 'ofBest'> {
  const of = (value: (run: SteadyResult) => number) => spread(runs.map(value));
  const ratePerSecond = of((run) => run.deliveriesPerSecond);
  return {
    ...place,
    deliveriesPerSecond: ratePerSecond.median,
    ratePerSecond,
    cpuMicrosPerDelivery: of((run) => run.cpuMicrosPerDelivery).median,
    sockets: of((run) => run.sockets).median,
    rssBytes: of((run) => run.rssBytes).median,
  };
}

function ofBest(
  { receiverMs, deliveriesPerSecond }: Omit<ConnectionsPoint, 'ofBest'>,
  points: readonly Omit<ConnectionsPoint, 'ofBest'>[],
): number | null {
  const fixed = points.filter((point) => point.receiverMs === receiverMs && point.slotsPerCore !== 'auto');
  if (fixed.length === 0) return null;
  return deliveriesPerSecond / Math.max(...fixed.map((point) => point.deliveriesPerSecond));
}

function checkOf(point: Omit<ConnectionsPoint, 'ofBest'>, cpuMicros: number): readonly PlanCheck[] {
  const { receiverMs, slotsPerCore, deliveriesPerSecond } = point;
  if (slotsPerCore === 'auto') return [];
  const cores = availableParallelism();
  const bench = { cores, cpuMicros, slots: cores * slotsPerCore, receiverMs };
  return [planCheck(placeText(point), bench, deliveriesPerSecond)];
}
