/** Fills Volley's queue with what its publisher queues. */
import { Redis } from 'ioredis';
import { encodeEnvelope } from '../../src/delivery/encode.ts';
import { payloads } from '../payload.ts';
import type { Job, Loader } from './contender.ts';
import { EVENT_TYPE } from './request.ts';

export const VOLLEY_QUEUE = 'webhook_egress_queue';
/** Where deliveries wait until they are released; renaming the list hands all of them over in one instant. */
const LOADED = 'bench_loaded';
/** Most envelopes, and about most bytes of bodies, in a command: bounds what waits in memory. */
const BATCH = 500;
const BATCH_BYTES = 4 * 2 ** 20;

export type VolleyLoad = Pick<Job, 'urls' | 'destinationIds' | 'bodyBytes' | 'redisPort'>;

export class VolleyLoader implements Loader {
  readonly #job: VolleyLoad;
  readonly #redis: Redis;
  #lastId = 0;

  constructor(job: VolleyLoad) {
    this.#job = job;
    this.#redis = new Redis(job.redisPort!, '127.0.0.1');
  }

  async load(count: number): Promise<void> {
    await this.#push(LOADED, count);
  }

  /** Puts `count` deliveries where workers see them at once. */
  async add(count: number): Promise<void> {
    await this.#push(VOLLEY_QUEUE, count);
  }

  async #push(list: string, count: number): Promise<void> {
    const bodies = payloads(this.#job.bodyBytes);
    const batch = Math.min(BATCH, Math.ceil(BATCH_BYTES / this.#job.bodyBytes));
    for (let from = 0; from < count; from += batch) {
      const size = Math.min(batch, count - from);
      const envelopes = Array.from({ length: size }, (_, offset) => this.#envelope(from + offset, bodies));
      await this.#redis.lpush(list, ...envelopes);
    }
  }

  #envelope(index: number, bodies: readonly Record<string, unknown>[]): Buffer {
    const { urls, destinationIds } = this.#job;
    const destination = destinationIds === undefined ? undefined : `d-${index % destinationIds}`;
    const url = urls[index % urls.length]!;
    const payload = bodies[index % bodies.length];
    const envelope = encodeEnvelope(
      { url, type: EVENT_TYPE, payload, ...(destination && { destination }) },
      () => `evt_01JVOLLEY${++this.#lastId}`,
      Date.now(),
    );
    if (!Buffer.isBuffer(envelope)) throw new Error(`the benchmark made a bad event: ${envelope.detail}`);
    return envelope;
  }

  async release(): Promise<void> {
    await this.#redis.rename(LOADED, VOLLEY_QUEUE);
  }

  async close(): Promise<void> {
    await this.#redis.quit();
  }
}
