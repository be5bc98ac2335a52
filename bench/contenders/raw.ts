/** The ceiling: undici and HMAC on as many threads, without a queue, JSON, retries or records. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Contender, Job, Progress } from './contender.ts';
import type { RawDone } from './raw-thread.ts';

export class Raw implements Contender {
  #threads: Worker[] = [];
  #completed = 0;
  #failed = 0;
  #lastAtMs = 0;

  async start(job: Job): Promise<void> {
    const { urls, threads } = job;
    this.#threads = Array.from({ length: threads }, (_, index) => {
      // Each thread has destinations of its own when there are enough: fewer connections, and all of them busy.
      const own = urls.filter((_url, at) => urls.length < threads || at % threads === index);
      return new Worker(new URL('raw-thread.ts', import.meta.url), { workerData: { ...job, urls: own } });
    });
    await Promise.all(this.#threads.map((thread) => once(thread, 'message')));
  }

  async deliver(count: number): Promise<void> {
    this.#completed = 0;
    this.#failed = 0;
    this.#lastAtMs = 0;
    this.#threads.forEach((thread, index) => {
      const share = Math.floor((count * (index + 1)) / this.#threads.length);
      const before = Math.floor((count * index) / this.#threads.length);
      thread.once('message', (done: RawDone) => {
        this.#completed += done.completed;
        this.#failed += done.failed;
        this.#lastAtMs = Math.max(this.#lastAtMs, done.lastAtMs);
      });
      thread.postMessage(share - before);
    });
  }

  progress(): Progress {
    return { completed: this.#completed, failed: this.#failed, lastAtMs: this.#lastAtMs };
  }

  async close(): Promise<void> {
    const exits = this.#threads.map((thread) => once(thread, 'exit'));
    // A thread that ends by itself, rather than being terminated, writes its profile.
    for (const thread of this.#threads) thread.postMessage(null);
    await Promise.all(exits);
  }
}
