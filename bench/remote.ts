/**
 * Calls between the benchmark and the processes it measures: what is measured runs in a process of its own, so that
 * its CPU and memory are its alone.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What a process offers: methods of at most one argument that survives JSON. */
type Api = Record<string, (argument: never) => Promise<unknown>>;
type Argument<Method extends (argument: never) => unknown> = Parameters<Method>;
type Answer<Method extends (argument: never) => unknown> = Awaited<ReturnType<Method>>;

type Request = { readonly id: number; readonly method: string; readonly argument: unknown };
type Reply = { readonly id: number; readonly value?: unknown; readonly error?: string };

/** How long a process may take to end by itself once it is told to, in milliseconds; then it is killed. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A process started from a file that calls `serve`. It dies with this one. */
export class Remote<Methods extends Api> {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor(file: URL, options: { env?: NodeJS.ProcessEnv; execArgv?: readonly string[] } = {}) {
    const name = basename(file.pathname);
    this.#process = fork(fileURLToPath(file), {
      env: { ...process.env, ...options.env },
      execArgv: [...(options.execArgv ?? [])],
      // Standard output belongs to the results.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#process.on('message', (reply: Reply) => {
      const call = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (reply.error === undefined) call?.resolve(reply.value);
      else call?.reject(new Error(`${name}: ${reply.error}`));
    });
    this.#exited = once(this.#process, 'exit').then(([code, signal]) => {
      for (const call of this.#pending.values()) call.reject(new Error(`${name} ended (${signal ?? code})`));
      this.#pending.clear();
    });
  }

  call<Name extends string & keyof Methods>(
    method: Name,
    ...[argument]: Argument<Methods[Name]>
  ): Promise<Answer<Methods[Name]>> {
    const id = ++this.#lastId;
    const call = Promise.withResolvers<unknown>();
    this.#pending.set(id, call);
    this.#process.send({ id, method, argument } satisfies Request, (error) => {
      if (error !== null) call.reject(error);
    });
    return call.promise as Promise<Answer<Methods[Name]>>;
  }

  /** Tells the process to end, and waits until it has. */
  async close(): Promise<void> {
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    if (this.#process.connected) this.#process.disconnect();
    await this.#exited;
    clearTimeout(killer);
  }
}

/** Offers `api` to the process that started this one. When that closes, or dies, `close` runs and this process ends. */
export function serve(api: Api, close: () => Promise<void> = async () => {}): void {
  process.on('message', async ({ id, method, argument }: Request) => {
    let reply: Reply;
    try {
      reply = { id, value: await api[method]!(argument as never) };
    } catch (error) {
      reply = { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    if (process.connected) process.send!(reply);
  });
  process.once('disconnect', async () => {
    // Who would have killed it may be gone.
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MS);
    await close();
    process.exit();
  });
}
