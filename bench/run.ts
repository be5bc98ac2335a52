/** One run of one contender: warm up, load its queue, let it deliver, and measure from the first request to the last settlement. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ContenderApi, ContenderProcess, Job, Loader } from './contenders/contender.ts';
import type { ContenderEntry } from './contenders/contenders.ts';
import { type Receivers, TRUST_RECEIVERS } from './receiver/receivers.ts';
import { redisCpuSeconds, startRedis } from './redis.ts';
import { Remote } from './remote.ts';

export interface RunSpec {
  readonly contender: ContenderEntry;
  readonly job: Omit<Job, 'redisPort'>;
  /** Deliveries; null for as many as take about `seconds`, going by the warm-up. */
  readonly count: number | null;
  readonly seconds: number;
  /** Deliveries before the clock, for the fastest contenders: connections are open then, and hot code is compiled. */
  readonly warmUp: number;
  /** Where the contender's processes write their CPU profiles; null for none. */
  readonly profileDirectory: string | null;
}

export interface RunResult {
  readonly deliveries: number;
  readonly seconds: number;
  readonly deliveriesPerSecond: number;
  /** CPU of the contender's processes. */
  readonly cpuMicrosPerDelivery: number;
  /** CPU of the redis-server; null where there is none. */
  readonly redisMicrosPerDelivery: number | null;
  readonly receiverMicrosPerDelivery: number;
  readonly rssBytes: number;
}

/** Fewest warm-up deliveries for each destination: each thread or process has then probably met it. */
const WARM_UP_PER_DESTINATION = 2;
/** Bound a run that goes by seconds, whatever the warm-up says: fewer deliveries measure nothing, more fill the memory of Redis. */
const LEAST_DELIVERIES = 200;
const MOST_DELIVERIES = 1_000_000;
const MOST_QUEUED_BYTES = 2 ** 30;
/** How often a contender is asked how far it is: rarely enough that answering is nothing beside its work. */
const ASK_EVERY_MS = 20;
/** A run without any progress for so long is given up. */
const STALLED_MS = 30_000;

export async function run(spec: RunSpec, receivers: Receivers): Promise<RunResult> {
  await using resources = new AsyncDisposableStack();
  const { contender } = spec;
  const redis = contender.loader === null ? null : await startRedis();
  if (redis !== null) resources.defer(() => redis.close());
  const job: Job = { ...spec.job, redisPort: redis?.port ?? null };
  const loader = contender.loader === null ? null : await contender.loader(job);
  if (loader !== null) resources.defer(() => loader.close());
  const processes = Array.from({ length: contender.processes(job.threads) }, () => startProcess(spec));
  for (const process of processes) resources.defer(() => process.close());
  await Promise.all(processes.map((process) => process.call('start', job)));

  const { share } = contender;
  const warmUp = Math.max(spec.warmUp * share, job.urls.length * WARM_UP_PER_DESTINATION);
  const warm = await deliver(Math.ceil(warmUp), processes, loader, receivers);
  const wanted = spec.count === null ? warm.deliveriesPerSecond * spec.seconds : spec.count * share;
  const most =
    spec.count === null
      ? Math.min(MOST_DELIVERIES, MOST_QUEUED_BYTES / job.bodyBytes)
      : Number.POSITIVE_INFINITY;
  const count = Math.ceil(Math.min(Math.max(wanted, LEAST_DELIVERIES), most));
  return await deliver(count, processes, loader, receivers, redis?.port);
}

function startProcess({ contender, profileDirectory }: RunSpec): ContenderProcess {
  const execArgv =
    profileDirectory === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}/${contender.name}`];
  return new Remote<ContenderApi>(new URL('contenders/process.ts', import.meta.url), {
    env: { ...TRUST_RECEIVERS, VOLLEY_BENCH_CONTENDER: contender.name },
    execArgv,
  });
}

async function deliver(
  count: number,
  processes: readonly ContenderProcess[],
  loader: Loader | null,
  receivers: Receivers,
  redisPort?: number,
): Promise<RunResult> {
  await loader?.load(count);
  await receivers.reset();
  const redisBefore = redisPort === undefined ? null : await redisCpuSeconds(redisPort);
  await Promise.all(processes.map((process) => process.call('deliver', count)));
  await loader?.release();
  const lastAtMs = await untilDelivered(count, processes);
  const usages = await Promise.all(processes.map((process) => process.call('usage')));
  const redisAfter = redisPort === undefined ? null : await redisCpuSeconds(redisPort);
  const received = await receivers.counts();
  if (received.requests !== count)
    throw new Error(`${count} deliveries were completed, the receivers counted ${received.requests}`);
  // At least the clock's own step.
  const seconds = Math.max(1, lastAtMs - received.firstAtMs!) / 1000;
  return {
    deliveries: count,
    seconds,
    deliveriesPerSecond: count / seconds,
    cpuMicrosPerDelivery: (total(usages, (usage) => usage.cpuSeconds) * 1e6) / count,
    redisMicrosPerDelivery:
      redisBefore === null || redisAfter === null ? null : ((redisAfter - redisBefore) * 1e6) / count,
    receiverMicrosPerDelivery: (received.cpuSeconds * 1e6) / count,
    rssBytes: total(usages, (usage) => usage.rssBytes),
  };
}

/** Asks until all is delivered; answers when the last delivery was completed, epoch milliseconds. */
async function untilDelivered(count: number, processes: readonly ContenderProcess[]): Promise<number> {
  let lastCompleted = -1;
  let lastProgressAtMs = Date.now();
  for (;;) {
    await pause(ASK_EVERY_MS);
    const parts = await Promise.all(processes.map((process) => process.call('progress')));
    const completed = total(parts, (part) => part.completed);
    const failed = total(parts, (part) => part.failed);
    if (failed > 0) throw new Error(`${failed} of ${count} deliveries failed`);
    if (completed >= count) return Math.max(...parts.map((part) => part.lastAtMs));
    if (completed > lastCompleted) lastProgressAtMs = Date.now();
    else if (Date.now() - lastProgressAtMs > STALLED_MS)
      throw new Error(
        `stalled: ${completed} of ${count} deliveries after ${STALLED_MS / 1000} s without one more`,
      );
    lastCompleted = completed;
  }
}

function total<Part>(parts: readonly Part[], value: (part: Part) => number): number {
  return parts.reduce((sum, part) => sum + value(part), 0);
}
