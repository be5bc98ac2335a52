/** The scale scenario: what a delivery costs by how much is queued and by how many destinations and hosts there are. */
import { availableParallelism } from 'node:os';
import { contenderNamed } from '../contenders/contenders.ts';
import { BENCH_SECRET } from '../contenders/request.ts';
import { type Machine, machine } from '../machine.ts';
import { type Noise, noiseOf, undecided } from '../noise.ts';
import { type Ceiling, receiverCeiling } from '../receiver/ceiling.ts';
import { allOk, Receivers } from '../receiver/receivers.ts';
import { type RunResult, run } from '../run.ts';
import type { OnProgress } from '../scenario.ts';
import { medianRatio, spread } from '../statistics.ts';
import type { ScaleFlags } from './flags.ts';

export interface ScalePoint {
  readonly queued: number;
  readonly destinations: number;
  readonly hosts: number;
  /** Hosts are addresses then, each a destination; else ports of one address, and destinations have ids of their own. */
  readonly byAddress: boolean;
  /** Medians of the rounds, as all that follows. */
  readonly deliveriesPerSecond: number;
  /** Of the engine. */
  readonly cpuMicrosPerDelivery: number;
  readonly redisMicrosPerDelivery: number;
  /** Of the engine, once all is delivered. */
  readonly rssBytes: number;
  readonly runs: readonly RunResult[];
}

/** The engine's cost with the most, as a ratio of that with the least in the same round; null where there was one only. */
export type ScaleRatios = {
  readonly cpu_by_queued: number | null;
  readonly cpu_by_destinations: number | null;
  readonly cpu_by_hosts: number | null;
};

export interface ScaleReport {
  readonly scenario: 'scale';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  /** By what is queued, and by destinations at a few hosts. */
  readonly points: readonly ScalePoint[];
  /** By hosts, each a destination. */
  readonly hostPoints: readonly ScalePoint[];
  readonly ratios: ScaleRatios;
  /** Of the engine's CPU. */
  readonly noise: Noise;
  /** Ratios within the noise of 1: they tell no difference. */
  readonly undecided: readonly string[];
}

/** What a point is of. */
type Place = Pick<ScalePoint, 'queued' | 'destinations' | 'hosts' | 'byAddress'>;

/** Where destinations are many, the hosts that they share: ports of 127.0.0.1. */
const SHARED_HOSTS = 10;
/** What is queued where destinations or hosts are many: two or more for each of them by default. */
const QUEUED = { thorough: 200_000, quick: 1_000 };
const SLOTS_PER_THREAD = 20;
const WARM_UP = { thorough: 5_000, quick: 500 };

export async function measureScale(flags: ScaleFlags, onProgress: OnProgress): Promise<ScaleReport> {
  const { quick, rounds, bodyBytes } = flags;
  const on = machine();
  const ceiling = await receiverCeiling('http', quick, onProgress);
  const queued = quick ? QUEUED.quick : QUEUED.thorough;
  const fewest = Math.min(...flags.destinations);
  const byIds = (count: number, destinations: number): Place => ({
    queued: count,
    destinations,
    hosts: SHARED_HOSTS,
    byAddress: false,
  });
  const byQueued = flags.queued.map((count) => byIds(count, fewest));
  const byDestinations = flags.destinations.map((destinations) => byIds(queued, destinations));
  const byHosts = flags.hosts.map((hosts) => ({ queued, destinations: hosts, hosts, byAddress: true }));
  const places = [...byQueued, ...byDestinations, ...byHosts];
  const runs = new Map<Place, RunResult[]>(places.map((place) => [place, []]));
  for (let round = 1; round <= rounds; round += 1)
    for (const place of places) {
      onProgress(`scale, round ${round} of ${rounds}: ${placeText(place)}`);
      runs.get(place)!.push(await runPlace(place, flags));
    }
  const pointsOf = (some: readonly Place[]) => some.map((place) => pointOf(place, runs.get(place)!));
  const ratios = {
    cpu_by_queued: mostToLeast(pointsOf(byQueued), ({ queued: count }) => count),
    cpu_by_destinations: mostToLeast(pointsOf(byDestinations), ({ destinations }) => destinations),
    cpu_by_hosts: mostToLeast(pointsOf(byHosts), ({ hosts }) => hosts),
  };
  const noise = noiseOf([...runs.values()].map(costsOf));
  return {
    scenario: 'scale',
    quick,
    machine: on,
    receiverCeiling: ceiling,
    threads: availableParallelism(),
    slotsPerThread: SLOTS_PER_THREAD,
    bodyBytes,
    rounds,
    points: pointsOf([...byQueued, ...byDestinations]),
    hostPoints: pointsOf(byHosts),
    ratios,
    noise,
    undecided: undecided(ratios, () => noise),
  };
}

function placeText({ queued, destinations, hosts }: Place): string {
  return `${queued} queued, ${destinations} destinations at ${hosts} hosts`;
}

async function runPlace(
  { queued, destinations, hosts, byAddress }: Place,
  { quick, bodyBytes }: ScaleFlags,
): Promise<RunResult> {
  const group = byAddress ? { ...allOk(1), addresses: hosts } : allOk(hosts);
  const receivers = await Receivers.start('http', [group]);
  try {
    const job = {
      urls: receivers.urls(),
      ...(!byAddress && { destinationIds: destinations }),
      threads: availableParallelism(),
      slotsPerThread: SLOTS_PER_THREAD,
      bodyBytes,
      secret: BENCH_SECRET,
    };
    const size = { count: queued, seconds: 0, warmUp: quick ? WARM_UP.quick : WARM_UP.thorough };
    return await run(
      { contender: contenderNamed('volley'), job, ...size, profileDirectory: null },
      receivers,
    );
  } finally {
    await receivers.close();
  }
}

function pointOf(place: Place, runs: readonly RunResult[]): ScalePoint {
  const median = (of: (result: RunResult) => number) => spread(runs.map(of)).median;
  return {
    ...place,
    deliveriesPerSecond: median((result) => result.deliveriesPerSecond),
    cpuMicrosPerDelivery: median((result) => result.cpuMicrosPerDelivery),
    redisMicrosPerDelivery: median((result) => result.redisMicrosPerDelivery!),
    rssBytes: median((result) => result.rssBytes),
    runs,
  };
}

function mostToLeast(points: readonly ScalePoint[], size: (point: ScalePoint) => number): number | null {
  const sorted = points.toSorted((a, b) => size(a) - size(b));
  if (sorted.length < 2) return null;
  return medianRatio(costsOf(sorted.at(-1)!.runs), costsOf(sorted[0]!.runs));
}

function costsOf(runs: readonly RunResult[]): readonly number[] {
  return runs.map(({ cpuMicrosPerDelivery }) => cpuMicrosPerDelivery);
}
