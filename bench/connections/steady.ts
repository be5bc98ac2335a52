/** One run of a worker whose queue does not run dry, looked at once everything has its speed. */
import { setTimeout as pause } from 'node:timers/promises';
import { machineMicros } from '../clock.ts';
import { BENCH_SECRET } from '../contenders/request.ts';
import { VolleyLoader } from '../contenders/volley-loader.ts';
import { openObserver } from '../observer.ts';
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
  /** More than the worker can deliver: as much is queued when what is measured begins. */
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
/** Queued beyond what is thought to be needed: what a worker claims ahead. */
const RESERVE = 20_000;
/** How often the queue is filled up until what is measured begins, in milliseconds. */
const FILL_EVERY_MS = 250;

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
  const queued = Math.ceil(spec.mostPerSecond * seconds) + RESERVE;
  await loader.add(queued);
  const observer = await openObserver(`redis://127.0.0.1:${redis.port}`);
  resources.defer(() => observer.close());
  const worker = new Worker({ redisPort: redis.port, secret: BENCH_SECRET, flags: workerFlags });
  resources.defer(() => worker.close());
  await worker.started;

  // What the worker sets aside for busy destinations waits too.
  const waiting = async () => {
    const { ready, delayed, parked } = await observer.stats();
    return ready + delayed + parked;
  };
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
  const endMs = performance.now() + warmUpSeconds * 1e3;
  while (performance.now() < endMs) {
    await loader.add(Math.max(0, queued - (await waiting())));
    await pause(Math.min(FILL_EVERY_MS, Math.max(0, endMs - performance.now())));
  }
  const from = await look();
  await pause(seconds * 1e3);
  const to = await look();
  const left = await waiting();
  const { sockets, rssBytes } = worker;
  const deliveries = to.requests - from.requests;
  if (left === 0) throw new Error(`the queue ran dry: ${queued} were not enough for ${seconds} s`);
  if (deliveries === 0) throw new Error(`nothing was delivered in ${seconds} s`);
  return {
    deliveriesPerSecond: (deliveries * 1e6) / (to.micros - from.micros),
    cpuMicrosPerDelivery: ((to.workerSeconds - from.workerSeconds) * 1e6) / deliveries,
    sharedMicrosPerDelivery: ((to.sharedSeconds - from.sharedSeconds) * 1e6) / deliveries,
    sockets,
    rssBytes,
  };
}
