/** What a Node team would build: a BullMQ worker whose processor posts the webhook. */
import { Worker } from 'bullmq';
import { BULLMQ_QUEUE } from './bullmq-loader.ts';
import { Processor, type Send, type WebhookJob } from './bullmq-send.ts';
import type { Contender, Job, Progress } from './contender.ts';

export class BullMq implements Contender {
  readonly #send: Send;
  #worker: Worker<WebhookJob> | null = null;
  #completed = 0;
  #failed = 0;
  #lastAtMs = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  async start(job: Job): Promise<void> {
    const processor = new Processor(job.secret, this.#send);
    const worker = new Worker<WebhookJob>(
      BULLMQ_QUEUE,
      (task) => processor.deliver(`evt_${task.id}`, task.data, task.timestamp, task.attemptsMade + 1),
      {
        connection: { host: '127.0.0.1', port: job.redisPort!, maxRetriesPerRequest: null },
        concurrency: job.slotsPerThread,
      },
    );
    worker.on('completed', () => {
      this.#completed += 1;
      this.#lastAtMs = Date.now();
    });
    worker.on('failed', () => {
      this.#failed += 1;
    });
    worker.on('error', (error) => console.error(`bullmq: ${error.message}`));
    this.#worker = worker;
    await worker.waitUntilReady();
  }

  async deliver(): Promise<void> {
    this.#completed = 0;
    this.#failed = 0;
    this.#lastAtMs = 0;
  }

  progress(): Progress {
    return { completed: this.#completed, failed: this.#failed, lastAtMs: this.#lastAtMs };
  }

  async close(): Promise<void> {
    await this.#worker?.close();
  }
}
