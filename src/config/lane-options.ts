/** The part of the table of options that says how fast, and how long in vain, a destination is sent to. */
import type { OptionScope, OptionTable, ValuesOf } from './option-spec.ts';

const WORKER: readonly OptionScope[] = ['worker'];
/** The slowest rate limit: one event an hour. */
const PER_HOUR = 1 / 3_600;

export const LANE_OPTIONS = {
  ratePerSecond: {
    kind: 'rate',
    flag: 'rate-limit',
    value: 'RATE',
    default: null,
    min: PER_HOUR,
    max: 100_000,
    scopes: WORKER,
    doc: 'most events sent to one destination, by all workers of the queue together, such as 100/s, 600/m or 5000/h; no limit by default',
  },
  rateBurst: {
    kind: 'integer',
    flag: 'rate-burst',
    value: 'N',
    default: null,
    min: 1,
    max: 1_000_000,
    unit: 'events',
    scopes: WORKER,
    doc: 'how many events --rate-limit lets go at once after a rest; by default what it allows in a second, and at least one',
  },
  maxInFlight: {
    kind: 'integer',
    flag: 'max-in-flight',
    value: 'N',
    default: null,
    min: 1,
    max: 100_000,
    unit: 'attempts',
    scopes: WORKER,
    doc: 'most attempts in flight to one destination, from each worker; by default found out from how it answers',
  },
  breakerFailures: {
    kind: 'integer',
    flag: 'breaker-failures',
    value: 'N',
    default: 5,
    min: 0,
    max: 1_000,
    unit: 'failures in a row',
    scopes: WORKER,
    doc: 'failures in a row that open the breaker of a destination, which is then left alone for a while; 0 switches breakers off',
  },
  coolOffMs: {
    kind: 'duration',
    flag: 'cool-off',
    value: 'TIME',
    default: 30_000,
    min: 10,
    max: 3_600_000,
    scopes: WORKER,
    doc: 'how long an open breaker waits before its probe; twice as long each time the probe fails, up to 20 times this',
  },
} as const satisfies OptionTable;

export type LaneOptions = ValuesOf<typeof LANE_OPTIONS>;
