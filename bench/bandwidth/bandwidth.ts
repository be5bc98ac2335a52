/** The bandwidth scenario: Volley beside the raw loop with bodies from small to as large as they may be. */
import { availableParallelism } from 'node:os';
import { MAX_BODY_BYTES } from '../../src/delivery/event.ts';
import { CONTENDERS, type ContenderEntry, contenderNamed } from '../contenders/contenders.ts';
import { integer, integers, readFlags, words } from '../flags.ts';
import { type Machine, machine } from '../machine.ts';
import { type Ceiling, receiverCeiling } from '../receiver/ceiling.ts';
import type { Scheme } from '../receiver/group.ts';
import { allOk, Receivers } from '../receiver/receivers.ts';
import type { CommonFlags, OnProgress } from '../scenario.ts';
import { type Spread, scaledSpread } from '../statistics.ts';
import {
  type ContenderSummary,
  type Ratios,
  ratiosOf,
  summaries,
  type TurnsNoise,
  takeTurns,
  turnsNoise,
} from '../turns.ts';

export interface BandwidthFlags extends CommonFlags {
  readonly schemes: readonly Scheme[];
  readonly bodyBytes: readonly number[];
  readonly contenders: readonly ContenderEntry[];
  readonly rounds: number;
  readonly threads: number;
  readonly slotsPerThread: number;
}

export interface BandwidthContender extends ContenderSummary {
  /** Of bodies alone, decimal. */
  readonly gigabitsPerSecond: Spread;
}

export interface BandwidthPoint {
  readonly scheme: Scheme;
  readonly bodyBytes: number;
  readonly contenders: Readonly<Record<string, BandwidthContender>>;
  /** As of throughput: with bodies of one size, ratios of rates are those of bandwidths. */
  readonly ratios: Ratios;
  readonly noise: TurnsNoise;
}

export interface BandwidthReport {
  readonly scenario: 'bandwidth';
  readonly quick: boolean;
  readonly machine: Machine;
  /** With bodies of 1 KiB. */
  readonly receiverCeiling: Ceiling | null;
  readonly destinations: number;
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly rounds: number;
  readonly points: readonly BandwidthPoint[];
}

const SCHEMES: readonly Scheme[] = ['http', 'https'];
const BODY_BYTES = [16_384, 65_536, 262_144, 1_048_576, MAX_BODY_BYTES];
const LEAST_BODY_BYTES = 600;
const DESTINATIONS = 10;
const ROUNDS = 3;
/** Of a run. */
const SECONDS = 4;
const QUICK = { bodyBytes: [65_536], rounds: 1, seconds: 0.3 };
/** Bytes sent before the clock, and within which deliveries: enough for connections and hot code, small bodies or large. */
const WARM_UP_BYTES = 512 * 2 ** 20;
const WARM_UP = { least: 40, most: 5_000 };

export async function measureBandwidth(
  flags: BandwidthFlags,
  onProgress: OnProgress,
): Promise<BandwidthReport> {
  const { quick, threads, slotsPerThread, rounds } = flags;
  const on = machine();
  const ceiling = await receiverCeiling(flags.schemes[0]!, quick, onProgress);
  const points: BandwidthPoint[] = [];
  for (const scheme of flags.schemes) {
    const receivers = await Receivers.start(scheme, [allOk(DESTINATIONS)]);
    try {
      for (const bodyBytes of flags.bodyBytes)
        points.push(await runPoint({ scheme, bodyBytes }, receivers, flags, onProgress));
    } finally {
      await receivers.close();
    }
  }
  return {
    scenario: 'bandwidth',
    quick,
    machine: on,
    receiverCeiling: ceiling,
    destinations: DESTINATIONS,
    threads,
    slotsPerThread,
    rounds,
    points,
  };
}

async function runPoint(
  { scheme, bodyBytes }: Pick<BandwidthPoint, 'scheme' | 'bodyBytes'>,
  receivers: Receivers,
  { quick, rounds, contenders, threads, slotsPerThread }: BandwidthFlags,
  onProgress: OnProgress,
): Promise<BandwidthPoint> {
  const runs = await takeTurns(
    {
      name: `${scheme}, ${bodyBytes} bytes`,
      rounds,
      contenders,
      job: { threads, slotsPerThread, bodyBytes },
      count: null,
      seconds: quick ? QUICK.seconds : SECONDS,
      warmUp: Math.min(Math.max(WARM_UP.least, WARM_UP_BYTES / bodyBytes), WARM_UP.most) * (quick ? 0.1 : 1),
      profileDirectory: null,
    },
    receivers,
    onProgress,
  );
  const withGigabits = Object.entries(summaries(runs)).map(([name, summary]) => {
    const gigabitsPerSecond = scaledSpread(summary.deliveriesPerSecond, (bodyBytes * 8) / 1e9);
    return [name, { ...summary, gigabitsPerSecond }] as const;
  });
  const ratios = ratiosOf(runs);
  const noise = turnsNoise(runs, ratios);
  return { scheme, bodyBytes, contenders: Object.fromEntries(withGigabits), ratios, noise };
}

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): BandwidthFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    schemes: { type: 'string' },
    'body-bytes': { type: 'string' },
    contenders: { type: 'string' },
    rounds: { type: 'string' },
    threads: { type: 'string' },
    slots: { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  return {
    help,
    json,
    quick,
    schemes: words('schemes', values.schemes, SCHEMES),
    bodyBytes:
      integers('body-bytes', values['body-bytes'], LEAST_BODY_BYTES, MAX_BODY_BYTES) ??
      (quick ? QUICK.bodyBytes : BODY_BYTES),
    contenders: (values.contenders ?? 'raw,volley').split(',').map(contenderNamed),
    rounds: integer('rounds', values.rounds, 1, 100) ?? (quick ? QUICK.rounds : ROUNDS),
    threads: integer('threads', values.threads, 1, 256) ?? availableParallelism(),
    slotsPerThread: integer('slots', values.slots, 1, 5_000) ?? 20,
  };
}

export const HELP = `Usage: npm run -s bench -- bandwidth [flags]

Gigabits a second of bodies, and CPU of each delivery, of Volley beside the raw undici + HMAC loop,
over http and https, by the size of the bodies.

  --schemes LIST      of ${SCHEMES.join(', ')} (default: all)
  --body-bytes LIST   sizes of the payload's JSON, ${LEAST_BODY_BYTES} to ${MAX_BODY_BYTES} (default: ${BODY_BYTES.join(',')})
  --contenders LIST   of ${CONTENDERS.map(({ name }) => name).join(', ')} (default: raw,volley)
  --rounds N          rounds of each size (default: ${ROUNDS})
  --threads N         threads that send (default: one per core)
  --slots N           requests in flight per thread (default: 20)
  --quick             a short round of one size: shows that it works, measures nothing
  --json              one JSON object on standard output

Examples:
  npm run -s bench -- bandwidth
  npm run -s bench -- bandwidth --schemes https --body-bytes 65536 --rounds 9
  npm run -s bench -- bandwidth --json > bandwidth.json
`;
