/** Fills BullMQ's queue while it is paused. */
import { Queue } from 'bullmq';
import { payloads } from '../payload.ts';
import type { WebhookJob } from './bullmq-send.ts';
import type { Job, Loader } from './contender.ts';
import { EVENT_TYPE } from './request.ts';

export const BULLMQ_QUEUE = 'webhooks';
/** Most jobs, and about most bytes of bodies, in a call: bounds what waits in memory. */
const BULK = 500;
const BULK_BYTES = 4 * 2 ** 20;

export class BullMqLoader implements Loader {
  readonly #job: Job;
  readonly #queue: Queue<WebhookJob>;

  constructor(job: Job) {
    this.#job = job;
    this.#queue = new Queue<WebhookJob>(BULLMQ_QUEUE, {
      connection: { host: '127.0.0.1', port: job.redisPort! },
      defaultJobOptions: {
        attempts: 6,
        backoff: { type: 'exponential', delay: 1_000 },
        removeOnComplete: true,
        removeOnFail: 1_000,
      },
    });
  }

  async load(count: number): Promise<void> {
    await this.#queue.pause();
    const { urls, bodyBytes } = this.#job;
    const bodies = payloads(bodyBytes);
    const bulk = Math.min(BULK, Math.ceil(BULK_BYTES / bodyBytes));
    for (let from = 0; from < count; from += bulk) {
      const jobs = Array.from({ length: Math.min(bulk, count - from) }, (_, offset) => {
        const index = from + offset;
        const data: WebhookJob = {
          url: urls[index % urls.length]!,
          type: EVENT_TYPE,
          payload: bodies[index % bodies.length],
        };
        return { name: EVENT_TYPE, data };
      });
      await this.#queue.addBulk(jobs);
    }
  }

  async release(): Promise<void> {
    await this.#queue.resume();
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}
