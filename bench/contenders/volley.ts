/** Volley itself, everything switched on, on Redis. */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Broker } from '../../src/broker/broker.ts';
import { Engine, type Settled } from '../../src/engine.ts';
import { growFreely } from '../../src/runtime/garbage.ts';
import { openObserver } from '../observer.ts';
import type { Contender, Job, Progress } from './contender.ts';
import { VOLLEY_QUEUE } from './volley-loader.ts';

/** How often the broker is asked, once all outcomes are known, whether it has them too: bounds the error of the time taken. */
const EMPTY_POLL_MS = 2;

export class Volley implements Contender {
  #engine: Engine | null = null;
  /** A second connection, so that asking is not in the engine's way. */
  #observer: Broker | null = null;
  #target = 0;
  #delivered = 0;
  #failed = 0;
  /** 0 until the broker holds nothing any more. */
  #emptyAtMs = 0;

  async start(job: Job): Promise<void> {
    // As `volley worker` does.
    growFreely();
    const broker = `redis://127.0.0.1:${job.redisPort}`;
    this.#observer = await openObserver(broker);
    this.#engine = new Engine({
      broker,
      queue: VOLLEY_QUEUE,
      threads: job.threads,
      // Volley counts slots per core.
      concurrency: (job.threads * job.slotsPerThread) / availableParallelism(),
      signingSecrets: [job.secret],
      allowHttp: true,
      allowNet: ['127.0.0.0/8'],
      allowPort: [0],
      onSettled: (settled) => this.#settled(settled),
    });
    await this.#engine.start();
  }

  async deliver(count: number): Promise<void> {
    this.#target = count;
    this.#delivered = 0;
    this.#failed = 0;
    this.#emptyAtMs = 0;
  }

  #settled({ kind }: Settled): void {
    // It is fetched again.
    if (kind === 'parked') return;
    if (kind !== 'delivered') {
      this.#failed += 1;
      return;
    }
    this.#delivered += 1;
    if (this.#delivered === this.#target) this.#awaitEmpty();
  }

  async #awaitEmpty(): Promise<void> {
    for (;;) {
      const { ready, leased, delayed, parked } = await this.#observer!.stats();
      if (ready + leased + delayed + parked === 0) break;
      await pause(EMPTY_POLL_MS);
    }
    this.#emptyAtMs = Date.now();
  }

  /** Nothing counts as completed before all of it is settled: the last millisecond is the broker's. */
  progress(): Progress {
    const settled = this.#emptyAtMs > 0 || this.#delivered < this.#target;
    return {
      completed: settled ? this.#delivered : this.#target - 1,
      failed: this.#failed,
      lastAtMs: this.#emptyAtMs,
    };
  }

  async close(): Promise<void> {
    await this.#engine?.stop();
    await this.#observer?.close();
  }
}
