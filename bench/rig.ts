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
  /** That of the first group; and that of all others, so that what it takes to publish for them is not in the first one's way. */
  readonly #publishers: readonly [first: Remote<PublisherApi>, others: Remote<PublisherApi>];
  readonly #first: string;
  readonly #resources: AsyncDisposableStack;

  private constructor(
    redisPort: number,
    receivers: Receivers,
    publishers: readonly [Remote<PublisherApi>, Remote<PublisherApi>],
    first: string,
    observer: Broker,
    worker: Worker,
    resources: AsyncDisposableStack,
  ) {
    this.redisPort = redisPort;
    this.receivers = receivers;
    this.#publishers = publishers;
    this.#first = first;
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
    const newPublisher = () => {
      const publisher = new Remote<PublisherApi>(new URL('load/publisher.ts', import.meta.url));
      starting.defer(() => publisher.close());
      return publisher;
    };
    const publishers = [newPublisher(), newPublisher()] as const;
    const receivers = await Receivers.start(scheme, groups);
    starting.defer(() => receivers.close());
    const observer = await openObserver(`redis://127.0.0.1:${redis.port}`);
    starting.defer(() => observer.close());
    const starts = publishers.map((publisher) => publisher.call('start', { redisPort: redis.port }));
    await Promise.all([...starts, worker.started]);
    return new Rig(redis.port, receivers, publishers, groups[0]!.name, observer, worker, starting.move());
  }

  /** Begins to publish at that time, on the machine's clock. A stream's events are numbered from 0. */
  async publish({ group, most, ...load }: Load, fromMicros: number): Promise<void> {
    const urls = this.receivers.urls(group);
    await this.#publisherOf(group).call('publish', {
      ...load,
      stream: group,
      urls,
      fromMicros,
      most: most ?? null,
    });
  }

  /** Publishes nothing to the group that is due at that time, which is not over yet, or later; answers how many events it will have had. */
  async endLoad(group: string, atMicros: number): Promise<number> {
    return this.#publisherOf(group).call('end', { stream: group, atMicros });
  }

  /** How many events Redis has taken, by group. */
  async published(): Promise<Readonly<Record<string, number>>> {
    const all = await Promise.all(this.#publishers.map((publisher) => publisher.call('published')));
    return Object.assign({}, ...all.map(({ published }) => published));
  }

  /** How long after its time each event of the first group since `resetLag` was handed over. Costs the publisher milliseconds. */
  async publisherLag(): Promise<Histogram> {
    return mergeHistograms([await this.#publishers[0].call('lag')]);
  }

  async resetLag(): Promise<void> {
    await this.#publishers[0].call('resetLag');
  }

  /** Events that are due and deliveries that the broker owes. */
  async pending(): Promise<number> {
    const all = await Promise.all(this.#publishers.map((publisher) => publisher.call('published')));
    const behind = all.reduce((sum, each) => sum + each.behind, 0);
    const { ready, leased, delayed, parked } = await this.observer.stats();
    return behind + ready + leased + delayed + parked;
  }

  #publisherOf(group: string): Remote<PublisherApi> {
    return this.#publishers[group === this.#first ? 0 : 1];
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
