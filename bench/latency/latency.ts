/** The latency scenario: from the time an event was due to the time it was received, at shares of the maximum rate. */
import { defaultOptions, type OptionValues } from '../../src/config/options.ts';
import { integer, readFlags } from '../flags.ts';
import { maximumRate } from '../load/rate.ts';
import { measureWindow, type WindowResult } from '../load/window.ts';
import { type Machine, machine } from '../machine.ts';
import { type Ceiling, receiverCeiling } from '../receiver/ceiling.ts';
import type { Scheme } from '../receiver/group.ts';
import { Rig, type RigSpec } from '../rig.ts';
import type { CommonFlags, OnProgress } from '../scenario.ts';
import { type Spread, spread } from '../statistics.ts';

export interface LatencyFlags extends CommonFlags {
  readonly scheme: Scheme;
  readonly destinations: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  /** Of the measured part of a run. */
  readonly seconds: number;
  /** The maximum that shares are taken of, in events a second; null for one that is looked for. */
  readonly maximumPerSecond: number | null;
}

export interface ShareReport {
  /** Of the maximum rate. */
  readonly share: number;
  readonly offeredPerSecond: number;
  readonly deliveredPerSecond: Spread;
  /** From due to received, in milliseconds. */
  readonly p50Ms: Spread;
  readonly p90Ms: Spread;
  readonly p99Ms: Spread;
  readonly p999Ms: Spread;
  readonly maxMs: Spread;
  readonly publisherLagP99Ms: Spread;
  readonly missing: Spread;
  readonly workerCores: Spread;
  readonly runs: readonly WindowResult[];
}

export interface LatencyReport {
  readonly scenario: 'latency';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
  /** What the worker goes by where no flag says otherwise. */
  readonly workerDefaults: OptionValues;
  readonly scheme: Scheme;
  readonly destinations: number;
  readonly bodyBytes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly maximumPerSecond: number;
  readonly shares: readonly ShareReport[];
}

/** Of the maximum rate. */
const SHARES = [0.25, 0.5, 0.75];
const QUICK_SHARES = [0.5];
const THOROUGH = { rounds: 3, warmUpSeconds: 3, catchUpSeconds: 10, seconds: 15, graceSeconds: 3 };
const QUICK = { rounds: 1, warmUpSeconds: 0.3, catchUpSeconds: 1, seconds: 0.5, graceSeconds: 0.3 };

export async function measureLatency(flags: LatencyFlags, onProgress: OnProgress): Promise<LatencyReport> {
  const { quick, scheme, destinations, bodyBytes, rounds, seconds } = flags;
  const on = machine();
  const ceiling = await receiverCeiling(scheme, quick, onProgress);
  const rig: RigSpec = {
    scheme,
    groups: [{ name: 'all', destinations, behaviour: { kind: 'answer' }, watched: true }],
  };
  const load = { group: 'all', bodyBytes };
  const maximumPerSecond = flags.maximumPerSecond ?? (await maximumRate({ rig, load, quick }, onProgress));
  const shares = quick ? QUICK_SHARES : SHARES;
  const runs = new Map<number, WindowResult[]>(shares.map((share) => [share, []]));
  for (let round = 1; round <= rounds; round += 1)
    for (const share of shares) {
      onProgress(`latency, round ${round} of ${rounds}: ${share * 100} % of ${maximumPerSecond}/s`);
      const ratePerSecond = maximumPerSecond * share;
      runs.get(share)!.push(await runOnce(rig, { ...load, ratePerSecond }, flags));
    }
  return {
    scenario: 'latency',
    quick,
    machine: on,
    workerDefaults: defaultOptions(),
    receiverCeiling: ceiling,
    scheme,
    destinations,
    bodyBytes,
    rounds,
    seconds,
    maximumPerSecond,
    shares: [...runs].map(([share, results]) => shareReport(share, results)),
  };
}

async function runOnce(
  spec: RigSpec,
  load: { readonly group: string; readonly ratePerSecond: number; readonly bodyBytes: number },
  { quick, seconds }: LatencyFlags,
): Promise<WindowResult> {
  await using resources = new AsyncDisposableStack();
  const rig = await Rig.start(spec);
  resources.defer(() => rig.close());
  return await measureWindow(rig, { ...(quick ? QUICK : THOROUGH), seconds, load });
}

function shareReport(share: number, runs: readonly WindowResult[]): ShareReport {
  const of = (value: (run: WindowResult) => number) => spread(runs.map(value));
  return {
    share,
    offeredPerSecond: runs[0]!.offeredPerSecond,
    deliveredPerSecond: of((run) => run.deliveredPerSecond),
    p50Ms: of((run) => run.latencyMs.p50),
    p90Ms: of((run) => run.latencyMs.p90),
    p99Ms: of((run) => run.latencyMs.p99),
    p999Ms: of((run) => run.latencyMs.p999),
    maxMs: of((run) => run.latencyMs.max),
    publisherLagP99Ms: of((run) => run.publisherLagP99Ms),
    missing: of((run) => run.missing),
    workerCores: of((run) => run.workerCores),
    runs,
  };
}

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): LatencyFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    https: { type: 'boolean' },
    destinations: { type: 'string' },
    'body-bytes': { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    maximum: { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  const usual = quick ? QUICK : THOROUGH;
  return {
    help,
    json,
    quick,
    scheme: values.https === true ? 'https' : 'http',
    destinations: integer('destinations', values.destinations, 1, 10_000) ?? 10,
    bodyBytes: integer('body-bytes', values['body-bytes'], 600, 1_048_576) ?? 1_024,
    rounds: integer('rounds', values.rounds, 1, 100) ?? usual.rounds,
    seconds: integer('seconds', values.seconds, 1, 3_600) ?? usual.seconds,
    maximumPerSecond: integer('maximum', values.maximum, 100, 1_000_000),
  };
}

export const HELP = `Usage: npm run -s bench -- latency [flags]

From the time an event was due to be published to the time a receiver had it, in an open loop, at
${SHARES.map((share) => share * 100).join(', ')} % of the rate that this machine keeps up with.

  --https            over https
  --destinations N   receivers, each an origin of its own (default: 10)
  --body-bytes N     size of the payload's JSON (default: 1024)
  --rounds N         runs of each share, in turns (default: ${THOROUGH.rounds})
  --seconds N        measured part of each run (default: ${THOROUGH.seconds})
  --maximum N        the maximum, in events a second (default: looked for)
  --quick            one short run at a half: shows that it works, measures nothing
  --json             one JSON object on standard output

Examples:
  npm run -s bench -- latency
  npm run -s bench -- latency --https --json > latency-https.json
  npm run -s bench -- latency --maximum 20000 --rounds 5
`;
