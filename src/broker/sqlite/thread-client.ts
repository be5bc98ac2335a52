/** The adapter's side of its thread: calls, their deadlines, and what becomes of a reply that came too late. */
import { Worker } from 'node:worker_threads';
import { VolleyError } from '../../errors.ts';
import { unavailable } from './faults.ts';
import type { ArgumentOf, FromThread, Method, ResultOf, ThreadSettings, ToThread } from './messages.ts';

interface PendingCall {
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: NodeJS.Timeout | null;
}

export interface ThreadClientOptions {
  readonly settings: ThreadSettings;
  /** A call that takes longer than this, in milliseconds, is given up. */
  readonly callTimeoutMs: number;
  /** Given the result of a call that had been given up. */
  readonly onOrphan: (method: Method, result: unknown) => void;
}

/** Methods that may take as long as they need. */
const UNTIMED: ReadonlySet<Method> = new Set(['waitForWork', 'close']);

/** The same file as it runs from source and as it is compiled. */
const THREAD = new URL(`./sqlite-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export class ThreadClient {
  readonly #worker: Worker;
  readonly #file: string;
  readonly #callTimeoutMs: number;
  readonly #onOrphan: ThreadClientOptions['onOrphan'];
  readonly #pending = new Map<number, PendingCall>();
  readonly #ended: Promise<void>;
  #lastNumber = 0;
  #fault: VolleyError | null = null;

  constructor({ settings, callTimeoutMs, onOrphan }: ThreadClientOptions) {
    this.#file = settings.file;
    this.#callTimeoutMs = callTimeoutMs;
    this.#onOrphan = onOrphan;
    this.#worker = new Worker(THREAD, {
      name: 'volley-sqlite',
      workerData: settings,
      // Node 24 warns on the terminal that node:sqlite is experimental; what is used of it is the same in Node 26.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#worker.on('message', (reply: FromThread) => this.#onReply(reply));
    this.#worker.on('error', (error: Error) => {
      this.#fault = unavailable(`${this.#file}: its thread failed (${error.message}): start again`, error);
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#fault ??= new VolleyError('VOLLEY_CLOSED', 'the broker has been closed');
        for (const number of this.#pending.keys()) this.#take(number)!.reject(this.#fault);
        resolve();
      });
    });
  }

  /** Runs a method on the thread. Buffers in `transfer` move there. */
  call<M extends Method>(
    method: M,
    argument: ArgumentOf<M>,
    transfer: ArrayBuffer[] = [],
  ): Promise<ResultOf<M>> {
    if (this.#fault !== null) return Promise.reject(this.#fault);
    const number = ++this.#lastNumber;
    const { promise, resolve, reject } = Promise.withResolvers<ResultOf<M>>();
    const deadline = UNTIMED.has(method) ? null : setTimeout(() => this.#giveUp(number), this.#callTimeoutMs);
    this.#pending.set(number, { resolve, reject, deadline });
    this.#worker.postMessage({ number, method, argument } satisfies ToThread, transfer);
    return promise;
  }

  /** Resolves when every call before is answered, the file is closed and the thread has ended. */
  async close(): Promise<void> {
    if (this.#fault === null) await this.call('close', undefined).catch(() => {});
    await this.#ended;
  }

  #onReply(reply: FromThread): void {
    const call = this.#take(reply.number);
    if ('fault' in reply) call?.reject(new VolleyError(reply.fault.code, reply.fault.message));
    else if (call === undefined) this.#onOrphan(reply.method, reply.result);
    else call.resolve(reply.result as never);
  }

  #giveUp(number: number): void {
    this.#take(number)?.reject(
      unavailable(
        `${this.#file} took longer than ${this.#callTimeoutMs} ms to answer: look for a slow disk, or a process that holds the file`,
      ),
    );
  }

  #take(number: number): PendingCall | undefined {
    const call = this.#pending.get(number);
    if (call === undefined) return undefined;
    this.#pending.delete(number);
    if (call.deadline !== null) clearTimeout(call.deadline);
    return call;
  }
}
