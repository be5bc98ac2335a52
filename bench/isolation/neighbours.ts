/** The neighbours of the isolation scenario: one destination beside the healthy ones, and what is wrong with it. */

import { MAX_BODY_BYTES } from '../../src/delivery/event.ts';
import type { Behaviour } from '../receiver/behaviour.ts';
import type { Load } from '../rig.ts';

/** What all the healthy ones together are given. */
export interface HealthyLoad {
  readonly ratePerSecond: number;
  readonly bodyBytes: number;
}

export interface Neighbour {
  readonly name: string;
  readonly behaviour: Behaviour;
  readonly load: (healthy: HealthyLoad) => Pick<Load, 'ratePerSecond' | 'bodyBytes'>;
}

/** Healthy destinations. */
export const HEALTHY = 200;
/** The part of all traffic that a sick neighbour has. */
const SICK_SHARE = 0.05;
/** How many times the traffic of a healthy destination a flooding one has. */
const FLOOD = 50;
const SLOW_MS = 2_000;

const OK = { kind: 'answer' } as const;

const sick = ({ ratePerSecond, bodyBytes }: HealthyLoad) => ({
  ratePerSecond: (ratePerSecond * SICK_SHARE) / (1 - SICK_SHARE),
  bodyBytes,
});

export const NEIGHBOURS: readonly Neighbour[] = [
  { name: 'hang', behaviour: { kind: 'hang' }, load: sick },
  { name: 'refuse', behaviour: { kind: 'refuse' }, load: sick },
  { name: 'status-503', behaviour: { kind: 'answer', status: 503 }, load: sick },
  {
    name: 'slow-2s',
    behaviour: { kind: 'answer', latency: { kind: 'fixed', ms: SLOW_MS } },
    load: sick,
  },
  {
    name: 'flood',
    behaviour: OK,
    load: ({ ratePerSecond, bodyBytes }) => ({
      ratePerSecond: (ratePerSecond / HEALTHY) * FLOOD,
      bodyBytes,
    }),
  },
  {
    // As many bytes as all the healthy ones together.
    name: 'large-2mb',
    behaviour: OK,
    load: ({ ratePerSecond, bodyBytes }) => ({
      ratePerSecond: (ratePerSecond * bodyBytes) / MAX_BODY_BYTES,
      bodyBytes: MAX_BODY_BYTES,
    }),
  },
];

/**
 * Failing ones that every run has a few events for in its warm-up: a worker compiles the code for failures when it meets the
 * first ones, and gives up what it had made of the rest without them, which costs some 50 ms once in its life.
 */
export const FAILING: readonly { readonly name: string; readonly behaviour: Behaviour }[] = [
  { name: 'failing', behaviour: { kind: 'answer', status: 503 } },
  { name: 'refusing', behaviour: { kind: 'refuse' } },
];
/** For each, in the first second. */
const FAILURES = 100;

export function failingLoads(bodyBytes: number): readonly Load[] {
  return FAILING.map(({ name }) => ({ group: name, ratePerSecond: FAILURES, bodyBytes, most: FAILURES }));
}

/** The case of many events parked for one dead destination. */
export const PARKED = 'parked';

export const CASE_NAMES: readonly string[] = [...NEIGHBOURS.map(({ name }) => name), PARKED];
