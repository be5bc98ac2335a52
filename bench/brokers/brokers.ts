/** The brokers scenario: SQLite beside Redis, whose log is synced once a second or before each answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultOptions, type OptionValues } from '../../src/config/options.ts';
import { integer, readFlags, words } from '../flags.ts';
import { type Machine, machine } from '../machine.ts';
import { type Noise, noiseOf } from '../noise.ts';
import { type Ceiling, receiverCeiling } from '../receiver/ceiling.ts';
import { allOk, Receivers } from '../receiver/receivers.ts';
import { type AppendFsync, redisCpuSeconds, startRedis } from '../redis.ts';
import { Remote } from '../remote.ts';
import type { CommonFlags, OnProgress } from '../scenario.ts';
import { type Spread, spread } from '../statistics.ts';
import type { BrokerProcessApi, Work } from './process.ts';

const NAMES = ['sqlite', 'redis-everysec', 'redis-always'] as const;
export type BrokerName = (typeof NAMES)[number];

export interface BrokersFlags extends CommonFlags {
  readonly brokers: readonly BrokerName[];
  readonly events: number;
  readonly rounds: number;
  readonly bodyBytes: number;
}

interface WorkReport {
  readonly perSecond: Spread;
  /** Of the process that does it. */
  readonly cpuMicros: Spread;
}

export interface BrokerReport {
  readonly name: BrokerName;
  /** One event in each call, each call after the answer to the one before. */
  readonly publishedSingly: WorkReport;
  /** So many in each call as `batch` says. */
  readonly publishedInBatches: WorkReport;
  readonly delivered: WorkReport;
  /** CPU of the redis-server for each delivery; null without one. */
  readonly redisMicrosPerDelivery: Spread | null;
  /** Once all is delivered. */
  readonly rssBytes: Spread;
}

export interface BrokersReport {
  readonly scenario: 'brokers';
  readonly quick: boolean;
  readonly machine: Machine;
  readonly receiverCeiling: Ceiling | null;
  /** What the engine goes by where nothing says otherwise. */
  readonly engineDefaults: OptionValues;
  readonly destinations: number;
  readonly bodyBytes: number;
  readonly events: number;
  readonly batch: number;
  readonly rounds: number;
  readonly brokers: readonly BrokerReport[];
  readonly noise: { readonly published: Noise; readonly delivered: Noise };
}

interface RunResult {
  readonly singly: Work;
  readonly batches: Work;
  readonly delivered: Work;
  readonly redisMicrosPerDelivery: number | null;
  readonly rssBytes: number;
}

const DESTINATIONS = 10;
const BATCH = 100;
const THOROUGH = { events: 50_000, rounds: 3, singlySeconds: 2 };
const QUICK = { events: 1_000, rounds: 1, singlySeconds: 0.2 };
/** Of all events, those whose delivery is the warm-up. */
const WARM_UP_SHARE = 0.2;

export async function measureBrokers(flags: BrokersFlags, onProgress: OnProgress): Promise<BrokersReport> {
  const { quick, rounds, events, bodyBytes } = flags;
  const on = machine();
  const ceiling = await receiverCeiling('http', quick, onProgress);
  const runs = new Map<BrokerName, RunResult[]>(flags.brokers.map((name) => [name, []]));
  const receivers = await Receivers.start('http', [allOk(DESTINATIONS)]);
  try {
    for (let round = 1; round <= rounds; round += 1)
      for (const [name, results] of runs) {
        onProgress(`brokers, round ${round} of ${rounds}: ${name}`);
        results.push(await runOnce(name, receivers.urls(), flags));
      }
  } finally {
    await receivers.close();
  }
  const noise = (of: (run: RunResult) => Work) =>
    noiseOf([...runs.values()].map((results) => results.map((run) => of(run).events / of(run).seconds)));
  return {
    scenario: 'brokers',
    quick,
    machine: on,
    receiverCeiling: ceiling,
    engineDefaults: defaultOptions(),
    destinations: DESTINATIONS,
    bodyBytes,
    events,
    batch: BATCH,
    rounds,
    brokers: [...runs].map(([name, results]) => brokerReport(name, results)),
    noise: {
      published: noise((run) => run.batches),
      delivered: noise((run) => run.delivered),
    },
  };
}

async function runOnce(
  name: BrokerName,
  urls: readonly string[],
  { quick, events, bodyBytes }: BrokersFlags,
): Promise<RunResult> {
  const { singlySeconds } = quick ? QUICK : THOROUGH;
  await using resources = new AsyncDisposableStack();
  const { broker, redisPort } = await openBroker(name, resources);
  const process = new Remote<BrokerProcessApi>(new URL('process.ts', import.meta.url));
  resources.defer(() => process.close());
  await process.call('start', { broker, urls, bodyBytes });
  const singly = await process.call('publish', {
    events: Math.floor(events / 2),
    perCall: 1,
    mostSeconds: singlySeconds,
  });
  const batches = await process.call('publish', {
    events: events - singly.events,
    perCall: BATCH,
    mostSeconds: null,
  });
  const redisBefore = redisPort === null ? 0 : await redisCpuSeconds(redisPort);
  const { rssBytes, ...delivered } = await process.call('deliver', Math.ceil(events * WARM_UP_SHARE));
  const redisSeconds = redisPort === null ? null : (await redisCpuSeconds(redisPort)) - redisBefore;
  const redisMicrosPerDelivery = redisSeconds === null ? null : (redisSeconds * 1e6) / events;
  return { singly, batches, delivered, redisMicrosPerDelivery, rssBytes };
}

async function openBroker(
  name: BrokerName,
  resources: AsyncDisposableStack,
): Promise<{ readonly broker: string; readonly redisPort: number | null }> {
  if (name === 'sqlite') {
    const directory = mkdtempSync(join(tmpdir(), 'volley-bench-'));
    resources.defer(async () => rmSync(directory, { recursive: true, force: true }));
    return { broker: `sqlite:${directory}/volley.db`, redisPort: null };
  }
  const redis = await startRedis(name.slice('redis-'.length) as AppendFsync);
  resources.defer(() => redis.close());
  return { broker: `redis://127.0.0.1:${redis.port}`, redisPort: redis.port };
}

function brokerReport(name: BrokerName, runs: readonly RunResult[]): BrokerReport {
  const work = (of: (run: RunResult) => Work): WorkReport => ({
    perSecond: spread(runs.map((run) => of(run).events / of(run).seconds)),
    cpuMicros: spread(runs.map((run) => of(run).cpuMicrosPerEvent)),
  });
  const redis = runs.flatMap(({ redisMicrosPerDelivery: micros }) => (micros === null ? [] : [micros]));
  return {
    name,
    publishedSingly: work((run) => run.singly),
    publishedInBatches: work((run) => run.batches),
    delivered: work((run) => run.delivered),
    redisMicrosPerDelivery: redis.length === 0 ? null : spread(redis),
    rssBytes: spread(runs.map((run) => run.rssBytes)),
  };
}

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): BrokersFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    brokers: { type: 'string' },
    events: { type: 'string' },
    rounds: { type: 'string' },
    'body-bytes': { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  const usual = quick ? QUICK : THOROUGH;
  return {
    help,
    json,
    quick,
    brokers: words('brokers', values.brokers, NAMES),
    events: integer('events', values.events, 100, 10_000_000) ?? usual.events,
    rounds: integer('rounds', values.rounds, 1, 100) ?? usual.rounds,
    bodyBytes: integer('body-bytes', values['body-bytes'], 600, 65_536) ?? 1_024,
  };
}

export const HELP = `Usage: npm run -s bench -- brokers [flags]

How fast events are published and delivered, and the CPU of each, by SQLite, by Redis whose log is synced
every second, and by Redis whose log is synced before each answer.

  --brokers LIST   of ${NAMES.join(', ')} (default: all)
  --events N       events of a run (default: ${THOROUGH.events})
  --rounds N       rounds of all (default: ${THOROUGH.rounds})
  --body-bytes N   size of the payload's JSON (default: 1024)
  --quick          one short round: shows that it works, measures nothing
  --json           one JSON object on standard output

Examples:
  npm run -s bench -- brokers
  npm run -s bench -- brokers --brokers sqlite --events 200000 --json > sqlite.json
`;
