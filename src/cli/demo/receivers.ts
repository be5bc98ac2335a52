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
  readonly #ended: Promise<unknown>;

  private constructor(thread: Worker, urls: readonly string[]) {
    this.#thread = thread;
    this.#ended = new Promise((resolve) => thread.once('exit', resolve));
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
  report(): Promise<ReceiversReport> {
    return this.#answerTo('report', 'report');
  }

  /** Has the one that is not there come up; resolves when it listens. Rejects where somebody else has taken its port. */
  async comeUp(): Promise<void> {
    await this.#answerTo('come-up', 'up');
  }

  async close(): Promise<void> {
    this.#ask('close');
    await this.#ended;
  }

  /** Of several answers that are awaited each comes to all who wait. */
  async #answerTo<Kind extends FromReceivers['kind']>(
    question: ToReceivers,
    kind: Kind,
  ): Promise<Extract<FromReceivers, { kind: Kind }>> {
    this.#ask(question);
    for (;;) {
      const [message] = (await once(this.#thread, 'message')) as [FromReceivers];
      if (isOf(message, kind)) return message;
    }
  }

  #ask(question: ToReceivers): void {
    this.#thread.postMessage(question);
  }
}

function isOf<Kind extends FromReceivers['kind']>(
  message: FromReceivers,
  kind: Kind,
): message is Extract<FromReceivers, { kind: Kind }> {
  return message.kind === kind;
}
