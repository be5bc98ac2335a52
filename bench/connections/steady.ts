/** One run of a worker whose queue does not run dry, looked at once everything has its speed. */
import { setTimeout as pause } from 'node:timers/promises';
import { machineMicros } from '../clock.ts';
import { BENCH_SECRET } from '../contenders/request.ts';
import { VolleyLoader } from '../contenders/volley-loader.ts';
import { Receivers } from '../receiver/receivers.ts';
import { redisCpuSeconds, startRedis } from '../redis.ts';
import { Worker } from '../worker.ts';

export interface SteadySpec {
  /** How long receivers take to answer. */
  readonly receiverMs: number;
  readonly workerFlags: readonly string[];
  readonly bodyBytes: number;
  /** Until what is measured begins: windows and connections have grown by then. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** More than the worker can deliver: as much is queued. */
  readonly mostPerSecond: number;
}

export interface SteadyResult {
  readonly deliveriesPerSecond: number;
  /** Of the worker. */
  readonly cpuMicrosPerDelivery: number;
  /** Of all that shares the cores: worker, Redis and receivers. */
  readonly sharedMicrosPerDelivery: number;
  /** Of the worker, those to Redis included. */
  readonly sockets: number;
  readonly rssBytes: number;
}

/** Destinations by their ports; none of them may have more than a quarter of the slots. */
const DESTINATIONS = 20;
/** Queued beyond what is thought to be needed. */
const RESERVE = 1_000;

export async function runSteady(spec: SteadySpec): Promise<SteadyResult> {
  const { receiverMs, workerFlags, bodyBytes, warmUpSeconds, seconds } = spec;
  await using resources = new AsyncDisposableStack();
  const redis = await startRedis();
  resources.defer(() => redis.close());
  const latency = { kind: 'fixed', ms: receiverMs } as const;
  const receivers = await Receivers.start('http', [
    { name: 'all', destinations: DESTINATIONS, behaviour: { kind: 'answer', latency } },
  ]);
  resources.defer(() => receivers.close());
  const loader = new VolleyLoader({ urls: receivers.urls(), bodyBytes, redisPort: redis.port });
  resources.defer(() => loader.close());
  const queued = Math.ceil(spec.mostPerSecond * (warmUpSeconds + seconds)) + RESERVE;
  await loader.load(queued);
  const worker = new Worker({ redisPort: redis.port, secret: BENCH_SECRET, flags: workerFlags });
  resources.defer(() => worker.close());
  await worker.started;
  await loader.release();

  const look = async () => {
    const { requests, cpuSeconds: receiverSeconds } = await receivers.counts();
    const redisSeconds = await redisCpuSeconds(redis.port);
    const workerSeconds = worker.cpuSeconds;
    return {
      requests,
      workerSeconds,
      sharedSeconds: workerSeconds + redisSeconds + receiverSeconds,
      micros: machineMicros(),
    };
  };
  await pause(warmUpSeconds * 1e3);
  const from = await look();
  await pause(seconds * 1e3);
  const to = await look();
  const { sockets, rssBytes } = worker;
  const deliveries = to.requests - from.requests;
  if (deliveries === 0) throw new Error(`nothing was delivered in ${seconds} s`);
  if (to.requests >= queued) throw new Error(`the queue ran dry: all ${queued} were delivered too early`);
  return {
    deliveriesPerSecond: (deliveries * 1e6) / (to.micros - from.micros),
    cpuMicrosPerDelivery: ((to.workerSeconds - from.workerSeconds) * 1e6) / deliveries,
    sharedMicrosPerDelivery: ((to.sharedSeconds - from.sharedSeconds) * 1e6) / deliveries,
    sockets,
    rssBytes,
  };
}
