/** The start scenario: how long after its start a worker delivers first, and what it costs while there is nothing to do. */

import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { defaultOptions, type OptionValues } from '../../src/config/options.ts';
import { machineMicros } from '../clock.ts';
import { BENCH_SECRET } from '../contenders/request.ts';
import { VOLLEY_QUEUE } from '../contenders/volley-loader.ts';
import { integer, readFlags } from '../flags.ts';
import { type LatencyFigures, latencyFigures } from '../histogram.ts';
import { Envelopes } from '../load/envelopes.ts';
import { measureWindow } from '../load/window.ts';
import { type Machine, machine } from '../machine.ts';
import { type GroupOptions, Receivers } from '../receiver/receivers.ts';
import { startRedis } from '../redis.ts';
import { Rig, until } from '../rig.ts';
import type { CommonFlags, OnProgress } from '../scenario.ts';
import { type Spread, spread } from '../statistics.ts';
import { Worker } from '../worker.ts';
import { commandsBetween, readCommands } from './commands.ts';

export interface StartFlags extends CommonFlags {
  readonly starts: number;
  /** How long the idle worker is watched. */
  readonly idleSeconds: number;
}

export interface StartReport {
  readonly scenario: 'start';
  readonly quick: boolean;
  readonly machine: Machine;
  /** What the worker goes by where no flag says otherwise. */
  readonly workerDefaults: OptionValues;
  readonly starts: number;
  /** From the start of the process to the first request at a receiver. */
  readonly firstDeliveryMs: Spread;
  /** The same of each start. */
  readonly firstDeliveriesMs: readonly number[];
  readonly idle: {
    readonly seconds: number;
    /** That Redis was sent by the worker, in all and by name. */
    readonly commandsPerSecond: number;
    readonly commands: Readonly<Record<string, number>>;
    /** Of one core. */
    readonly cpuPercent: number;
    readonly rssBytes: number;
    /** From due to received, of single events that come while the worker is otherwise idle. */
    readonly wakeMs: LatencyFigures;
  };
}

const STARTS = 5;
const IDLE_SECONDS = 10;
const QUICK = { starts: 1, idleSeconds: 1 };
/** How long a worker is left alone before it counts as idle, in milliseconds. */
const SETTLE_MS = { thorough: 1_500, quick: 200 };
const BODY_BYTES = 1_024;
/** The first delivery is waited for so long, in milliseconds. */
const LIMIT_MS = 30_000;
/** Single events: few enough that each finds the worker idle. */
const WAKE = { ratePerSecond: 10, warmUpSeconds: 0.5, catchUpSeconds: 0, graceSeconds: 1 };

const GROUP: GroupOptions = {
  name: 'all',
  destinations: 1,
  behaviour: { kind: 'answer' },
  watched: true,
};

export async function measureStart(flags: StartFlags, onProgress: OnProgress): Promise<StartReport> {
  const on = machine();
  const firsts: number[] = [];
  for (let start = 1; start <= flags.starts; start += 1) {
    onProgress(`start ${start} of ${flags.starts}`);
    firsts.push(await firstDeliveryMs());
  }
  return {
    scenario: 'start',
    quick: flags.quick,
    machine: on,
    workerDefaults: defaultOptions(),
    starts: flags.starts,
    firstDeliveryMs: spread(firsts),
    firstDeliveriesMs: firsts,
    idle: await idle(flags, onProgress),
  };
}

/** One event waits in the queue as the worker is started. */
async function firstDeliveryMs(): Promise<number> {
  await using resources = new AsyncDisposableStack();
  const redis = await startRedis();
  resources.defer(() => redis.close());
  const receivers = await Receivers.start('http', [GROUP]);
  resources.defer(() => receivers.close());
  const client = new Redis(redis.port, '127.0.0.1');
  const envelopes = new Envelopes({ stream: 'all', urls: receivers.urls(), bodyBytes: BODY_BYTES });
  const startMicros = machineMicros();
  await receivers.mark('start', startMicros);
  // Due when the worker is started, so that its latency is the time asked for.
  await client.lpush(VOLLEY_QUEUE, envelopes.text(0, startMicros, Date.now()));
  client.disconnect();
  const spawnedAfterMs = (machineMicros() - startMicros) / 1e3;
  const worker = new Worker({ redisPort: redis.port, secret: BENCH_SECRET });
  resources.defer(() => worker.close());
  await worker.started;
  if (!(await until(async () => (await receivers.counts()).delivered['all'] === 1, LIMIT_MS)))
    throw new Error(`nothing was delivered within ${LIMIT_MS / 1e3} s of a start`);
  const { latency } = (await receivers.tally('all')).periods.get('start')!;
  return latencyFigures(latency).max - spawnedAfterMs;
}

async function idle(
  { idleSeconds, quick }: StartFlags,
  onProgress: OnProgress,
): Promise<StartReport['idle']> {
  await using resources = new AsyncDisposableStack();
  const rig = await Rig.start({ scheme: 'http', groups: [GROUP] });
  resources.defer(() => rig.close());
  onProgress(`an idle worker, for ${idleSeconds} s`);
  const load = { group: 'all', ratePerSecond: WAKE.ratePerSecond, bodyBytes: BODY_BYTES };
  const { latencyMs } = await measureWindow(rig, { ...WAKE, load, seconds: idleSeconds });
  // The observer looks after what it would have claimed; a bare connection asks nothing by itself.
  const client = new Redis(rig.redisPort, '127.0.0.1');
  resources.defer(async () => client.disconnect());
  await rig.observer.close();
  await pause(quick ? SETTLE_MS.quick : SETTLE_MS.thorough);
  const before = {
    commands: await readCommands(client),
    cpu: rig.worker.cpuSeconds,
    micros: machineMicros(),
  };
  await pause(idleSeconds * 1e3);
  const seconds = (machineMicros() - before.micros) / 1e6;
  const cpuSeconds = rig.worker.cpuSeconds - before.cpu;
  const commands = commandsBetween(before.commands, await readCommands(client));
  const sent = Object.values(commands).reduce((sum, calls) => sum + calls, 0);
  return {
    seconds,
    commandsPerSecond: sent / seconds,
    commands,
    cpuPercent: (cpuSeconds / seconds) * 100,
    rssBytes: rig.worker.rssBytes,
    wakeMs: latencyMs,
  };
}

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): StartFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    starts: { type: 'string' },
    'idle-seconds': { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  return {
    help,
    json,
    quick,
    starts: integer('starts', values.starts, 1, 100) ?? (quick ? QUICK.starts : STARTS),
    idleSeconds:
      integer('idle-seconds', values['idle-seconds'], 1, 3_600) ?? (quick ? QUICK.idleSeconds : IDLE_SECONDS),
  };
}

export const HELP = `Usage: npm run -s bench -- start [flags]

How long after \`volley worker\` is started the first event reaches its receiver, and what a worker
costs that has nothing to do: commands at Redis, CPU, and how soon a single event then leaves.

  --starts N         workers started, one after the other (default: ${STARTS})
  --idle-seconds N   how long the idle worker is watched (default: ${IDLE_SECONDS})
  --quick            one start, a second idle: shows that it works, measures nothing
  --json             one JSON object on standard output

Examples:
  npm run -s bench -- start
  npm run -s bench -- start --starts 20 --json
`;
