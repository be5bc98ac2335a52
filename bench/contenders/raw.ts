/** The ceiling: undici and HMAC on as many threads, without a queue, JSON, retries or records. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Contender, Job, Progress } from './contender.ts';
import type { RawProgress } from './raw-thread.ts';

export class Raw implements Contender {
  #threads: Worker[] = [];
  /** Of each thread. */
  #progress: RawProgress[] = [];

  async start(job: Job): Promise<void> {
    const { urls, threads } = job;
    this.#threads = Array.from({ length: threads }, (_, index) => {
      // Each thread has destinations of its own when there are enough: fewer connections, and all of them busy.
      const own = urls.filter((_url, at) => urls.length < threads || at % threads === index);
      return new Worker(new URL('raw-thread.ts', import.meta.url), { workerData: { ...job, urls: own } });
    });
    await Promise.all(this.#threads.map((thread) => once(thread, 'message')));
    this.#threads.forEach((thread, index) => {
      thread.on('message', (progress: RawProgress) => {
        this.#progress[index] = progress;
      });
    });
  }

  async deliver(count: number): Promise<void> {
    const { length } = this.#threads;
    this.#progress = this.#threads.map(() => ({ completed: 0, failed: 0, lastAtMs: 0 }));
    this.#threads.forEach((thread, index) => {
      const upTo = (threads: number) => Math.floor((count * threads) / length);
      thread.postMessage(upTo(index + 1) - upTo(index));
    });
  }

  progress(): Progress {
    return {
      completed: this.#progress.reduce((sum, { completed }) => sum + completed, 0),
      failed: this.#progress.reduce((sum, { failed }) => sum + failed, 0),
      lastAtMs: Math.max(...this.#progress.map(({ lastAtMs }) => lastAtMs)),
    };
  }

  async close(): Promise<void> {
    const exits = this.#threads.map((thread) => once(thread, 'exit'));
    // A thread that ends by itself, rather than being terminated, writes its profile.
    for (const thread of this.#threads) thread.postMessage(null);
    await Promise.all(exits);
  }
}
