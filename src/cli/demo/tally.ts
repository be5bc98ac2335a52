/** Counts what the engine decides about the demo's events, in total and per receiver, and how fast. */
import type { Settled } from '../../engine.ts';
import { CAST } from './cast.ts';
import { destinationsOf } from './events.ts';

export interface Count {
  readonly published: number;
  readonly delivered: number;
  readonly retried: number;
  readonly dead: number;
  /** Delivered per second, until the last one was. */
  readonly perSecond: number;
  /** Delivered in each BUCKET_MS so far, oldest first; the one under way is left out. */
  readonly buckets: readonly number[];
}

/** The state of a run at one moment. */
export interface Progress {
  readonly events: number;
  readonly elapsedMs: number;
  readonly total: Count;
  /** In the order of the cast. */
  readonly receivers: readonly Count[];
}

/** Width of what a rate is counted in, in milliseconds: one bar of a sparkline. */
export const BUCKET_MS = 250;
const BUCKETS_PER_SECOND = 1_000 / BUCKET_MS;

class Counter {
  published = 0;
  delivered = 0;
  retried = 0;
  dead = 0;
  #lastDeliveredMs = 0;
  readonly #buckets: number[] = [];

  add(kind: Settled['kind'], atMs: number): void {
    switch (kind) {
      case 'delivered': {
        const bucket = Math.floor(atMs / BUCKET_MS);
        this.delivered++;
        this.#lastDeliveredMs = atMs;
        this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
        break;
      }
      case 'retry':
        this.retried++;
        break;
      case 'dead':
        this.dead++;
        break;
      case 'early':
      case 'parked':
      case 'handed-back':
        break;
      default:
        kind satisfies never;
    }
  }

  count(nowMs: number): Count {
    const { published, delivered, retried, dead } = this;
    const perSecond = delivered === 0 ? 0 : (delivered / Math.max(1, this.#lastDeliveredMs)) * 1_000;
    const buckets = Array.from({ length: Math.floor(nowMs / BUCKET_MS) }, (_, at) => this.#buckets[at] ?? 0);
    return { published, delivered, retried, dead, perSecond, buckets };
  }
}

export class Tally {
  readonly events: number;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  readonly #total = new Counter();
  readonly #receivers = CAST.map(() => new Counter());
  readonly #byDestination: ReadonlyMap<string, Counter>;
  #settledAtMs = 0;
  #room: { readonly below: number; readonly resolve: () => void } | null = null;

  /** `events`: how many there will be. `nowMs`: a monotonic clock. */
  constructor(events: number, nowMs: () => number) {
    this.events = events;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
    this.#byDestination = new Map(
      CAST.flatMap((role, index) =>
        destinationsOf(role).map((destination) => [destination, this.#receivers[index]!]),
      ),
    );
  }

  /** Published and neither delivered nor dead. Negative for a moment when an event is delivered before its publisher hears of it. */
  get outstanding(): number {
    return this.#total.published - this.#total.delivered - this.#total.dead;
  }

  /** When an event was last delivered or found dead, or put off, in milliseconds since the start. */
  get settledAtMs(): number {
    return this.#settledAtMs;
  }

  get elapsedMs(): number {
    return this.#nowMs() - this.#startedMs;
  }

  /** An event for this role of the cast is with the broker. */
  published(role: number): void {
    this.#total.published++;
    this.#receivers[role]!.published++;
  }

  settled({ destination, kind }: Settled): void {
    const atMs = this.elapsedMs;
    this.#settledAtMs = atMs;
    this.#total.add(kind, atMs);
    this.#byDestination.get(destination)?.add(kind, atMs);
    if (this.#room !== null && this.outstanding < this.#room.below) {
      this.#room.resolve();
      this.#room = null;
    }
  }

  /** Resolves when fewer than this many events are outstanding. One may wait at a time. */
  async whenOutstandingBelow(below: number): Promise<void> {
    if (this.outstanding < below) return;
    await new Promise<void>((resolve) => {
      this.#room = { below, resolve };
    });
  }

  progress(): Progress {
    const elapsedMs = this.elapsedMs;
    return {
      events: this.events,
      elapsedMs,
      total: this.#total.count(elapsedMs),
      receivers: this.#receivers.map((receiver) => receiver.count(elapsedMs)),
    };
  }
}

/** Delivered per second over the last second of `buckets`. */
export function recentPerSecond(buckets: readonly number[]): number {
  const recent = buckets.slice(-BUCKETS_PER_SECOND);
  if (recent.length === 0) return 0;
  return (recent.reduce((sum, count) => sum + count, 0) / recent.length) * BUCKETS_PER_SECOND;
}

/** The most delivered within any second, at the grain of the buckets; of a shorter run, its mean. */
export function peakPerSecond(buckets: readonly number[]): number {
  const windows = Math.max(1, buckets.length - BUCKETS_PER_SECOND + 1);
  const rates = Array.from({ length: windows }, (_, at) =>
    recentPerSecond(buckets.slice(at, at + BUCKETS_PER_SECOND)),
  );
  return Math.max(...rates);
}
