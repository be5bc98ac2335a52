/** The mock receivers, in a thread of their own, so that what they cost is not the engine's main thread's. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { FromReceivers, ReceiverSettings, ToReceivers } from './receiver-thread.ts';

export type ReceiversReport = Extract<FromReceivers, { kind: 'report' }>;

/** Next to this file's own form: TypeScript in a checkout, JavaScript in the package. */
const ENTRY = new URL(`./receiver-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export class Receivers {
  /** Where each role of the cast is reached, in its order. */
  readonly urls: readonly string[];
  readonly #thread: Worker;

  private constructor(thread: Worker, urls: readonly string[]) {
    this.#thread = thread;
    this.urls = urls;
  }

  /** Resolves when all of them listen. They accept what is signed with `secret`. */
  static async start(secret: string): Promise<Receivers> {
    const thread = new Worker(ENTRY, { workerData: { secret } satisfies ReceiverSettings });
    const [message] = (await once(thread, 'message')) as [FromReceivers];
    if (message.kind !== 'listening') throw new Error(`the receivers began with ${message.kind}`);
    return new Receivers(thread, message.urls);
  }

  /** What they have seen so far. */
  async report(): Promise<ReceiversReport> {
    const answer = once(this.#thread, 'message');
    this.#ask('report');
    const [message] = (await answer) as [ReceiversReport];
    return message;
  }

  async close(): Promise<void> {
    const ended = once(this.#thread, 'exit');
    this.#ask('close');
    await ended;
  }

  #ask(question: ToReceivers): void {
    this.#thread.postMessage(question);
  }
}
