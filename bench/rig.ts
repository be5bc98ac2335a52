/** Everything that one open-loop run takes, each in a process of its own: Redis, mock receivers, `volley worker` and the publisher. */
import type { Broker } from '../src/broker/broker.ts';
import { machineMicros } from './clock.ts';
import { BENCH_SECRET } from './contenders/request.ts';
import { type Histogram, mergeHistograms } from './histogram.ts';
import type { PublisherApi } from './load/publisher.ts';
import { openObserver } from './observer.ts';
import type { Scheme } from './receiver/group.ts';
import { type GroupOptions, Receivers } from './receiver/receivers.ts';
import { startRedis } from './redis.ts';
import { Remote } from './remote.ts';
import { Worker } from './worker.ts';

export interface RigSpec {
  readonly scheme: Scheme;
  /** Their names are also those of the streams. */
  readonly groups: readonly GroupOptions[];
  readonly workerFlags?: readonly string[];
}

/** A steady stream of events to the destinations of a group. */
export interface Load {
  readonly group: string;
  readonly ratePerSecond: number;
  readonly bodyBytes: number;
  /** Events in all; as many as are due until its end unless said. */
  readonly most?: number;
}

export class Rig {
  readonly redisPort: number;
  readonly receivers: Receivers;
  readonly worker: Worker;
  /** Never claims. */
  readonly observer: Broker;
  readonly #publisher: Remote<PublisherApi>;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    redisPort: number,
    receivers: Receivers,
    publisher: Remote<PublisherApi>,
    observer: Broker,
    worker: Worker,
    resources: AsyncDisposableStack,
  ) {
    this.redisPort = redisPort;
    this.receivers = receivers;
    this.#publisher = publisher;
    this.observer = observer;
    this.worker = worker;
    this.#resources = resources;
  }

  /** Resolves when the worker has started. */
  static async start({ scheme, groups, workerFlags = [] }: RigSpec): Promise<Rig> {
    await using starting = new AsyncDisposableStack();
    const redis = await startRedis();
    starting.defer(() => redis.close());
    const worker = new Worker({ redisPort: redis.port, secret: BENCH_SECRET, flags: workerFlags });
    starting.defer(() => worker.close());
    const publisher = new Remote<PublisherApi>(new URL('load/publisher.ts', import.meta.url));
    starting.defer(() => publisher.close());
    const receivers = await Receivers.start(scheme, groups);
    starting.defer(() => receivers.close());
    const observer = await openObserver(`redis://127.0.0.1:${redis.port}`);
    starting.defer(() => observer.close());
    await Promise.all([publisher.call('start', { redisPort: redis.port }), worker.started]);
    return new Rig(redis.port, receivers, publisher, observer, worker, starting.move());
  }

  /** Begins to publish at that time, on the machine's clock. A stream's events are numbered from 0. */
  async publish({ group, most, ...load }: Load, fromMicros: number): Promise<void> {
    const urls = this.receivers.urls(group);
    await this.#publisher.call('publish', { ...load, stream: group, urls, fromMicros, most: most ?? null });
  }

  /** Publishes nothing to the group that is due at that time, which is not over yet, or later; answers how many events it will have had. */
  async endLoad(group: string, atMicros: number): Promise<number> {
    return this.#publisher.call('end', { stream: group, atMicros });
  }

  /** How many events Redis has taken, by group. */
  async published(): Promise<Readonly<Record<string, number>>> {
    return (await this.#publisher.call('published')).published;
  }

  /** How long after its time each event since `resetLag` was handed over. Costs the publisher milliseconds. */
  async publisherLag(): Promise<Histogram> {
    return mergeHistograms([await this.#publisher.call('lag')]);
  }

  async resetLag(): Promise<void> {
    await this.#publisher.call('resetLag');
  }

  /** Events that are due and deliveries that the broker owes. */
  async pending(): Promise<number> {
    const { behind } = await this.#publisher.call('published');
    const { ready, leased, delayed, parked } = await this.observer.stats();
    return behind + ready + leased + delayed + parked;
  }

  async close(): Promise<void> {
    await this.#resources.disposeAsync();
  }
}

/** Waits until that time on the machine's clock. */
export async function untilMicros(micros: number): Promise<void> {
  const ms = (micros - machineMicros()) / 1e3;
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks every `everyMs` until it is so, `limitMs` at most; answers whether it was. */
export async function until(isSo: () => Promise<boolean>, limitMs: number, everyMs = 50): Promise<boolean> {
  const fromMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - fromMs > limitMs) return false;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return true;
}
