/** Counts what becomes of the events for one receiver, or for all, and how fast. */
import type { Standing } from '../../broker/broker.ts';
import type { Settled } from '../../engine.ts';
import { stateOf } from '../destination-standing.ts';

export interface Count {
  readonly published: number;
  readonly delivered: number;
  readonly retried: number;
  readonly dead: number;
  /** Parked when the broker was last asked, and the most that it ever said. */
  readonly parked: number;
  readonly mostParked: number;
  /** What keeps deliveries back: of several destinations the worst. */
  readonly state: 'enabled' | 'paused' | 'open';
  /** How often a breaker has opened. */
  readonly opened: number;
  /** Delivered per second, until the last one was. */
  readonly perSecond: number;
  /** Delivered in each BUCKET_MS so far, oldest first; the one under way is left out. */
  readonly buckets: readonly number[];
}

/** Width of what a rate is counted in, in milliseconds: one bar of a sparkline. */
export const BUCKET_MS = 250;
const BUCKETS_PER_SECOND = 1_000 / BUCKET_MS;

export class Counter {
  published = 0;
  delivered = 0;
  retried = 0;
  dead = 0;
  opened = 0;
  #parked = 0;
  #mostParked = 0;
  #state: Count['state'] = 'enabled';
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

  /** What the broker says of its destinations. */
  stand(standings: readonly Standing[]): void {
    const states = new Set(standings.map(stateOf));
    this.#parked = standings.reduce((sum, { parked }) => sum + parked, 0);
    this.#mostParked = Math.max(this.#mostParked, this.#parked);
    this.#state = states.has('open') ? 'open' : states.has('paused') ? 'paused' : 'enabled';
  }

  /** Neither delivered nor dead. Negative for a moment when an event is delivered before its publisher hears of it. */
  get outstanding(): number {
    return this.published - this.delivered - this.dead;
  }

  /** Of those, what is not parked. */
  get underWay(): number {
    return this.outstanding - this.#parked;
  }

  count(nowMs: number): Count {
    const { published, delivered, retried, dead, opened } = this;
    const [parked, mostParked, state] = [this.#parked, this.#mostParked, this.#state];
    const perSecond = delivered === 0 ? 0 : (delivered / Math.max(1, this.#lastDeliveredMs)) * 1_000;
    const buckets = Array.from({ length: Math.floor(nowMs / BUCKET_MS) }, (_, at) => this.#buckets[at] ?? 0);
    return { published, delivered, retried, dead, parked, mostParked, state, opened, perSecond, buckets };
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
