/**
 * The attempt pool on Piscina's threads.
 *
 * One Piscina task is a thread's service, from start to end: it is given a port, and batches and reports pass through
 * that. Piscina gives what is hard about threads (starting, limits, noticing that one died, replacing it); a task per
 * batch would add a second message to each batch and tie its end to its slowest delivery.
 */
import type { EventLoopUtilization } from 'node:perf_hooks';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { Assignment, FromThread, ToThread } from '../thread/messages.ts';
import type { AttemptPolicy, ThreadSettings } from '../thread/policy.ts';
import type { AttemptPool, Parcel, PoolEvents } from './attempt-pool.ts';
import { pack, spread } from './pack.ts';

/** Heap of a sending thread, in MiB: room for its slots' bodies many times over, so that a leak ends a thread and not the machine. */
const MAX_THREAD_HEAP_MIB = 1_024;
/** How long a thread that dies on start waits before the next try, in milliseconds. */
const RESPAWN_MS = 100;

export interface ThreadPoolOptions {
  readonly threads: number;
  readonly policy: AttemptPolicy;
  /** The module that threads run; thread/entry.ts by default. */
  readonly entry?: URL;
}

/** Next to this file's own form: TypeScript in a checkout, JavaScript in the package. */
const ENTRY = new URL(`../thread/entry.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** The main thread's end of a thread's port, and the end that goes to the thread. */
interface Channel {
  readonly near: MessagePort;
  readonly far: MessagePort;
}

export class ThreadPool implements AttemptPool {
  readonly #options: ThreadPoolOptions;
  #settings!: ThreadSettings;
  readonly #ports: MessagePort[] = [];
  readonly #services: Promise<void>[] = [];
  #piscina: Piscina | null = null;
  #policy: AttemptPolicy;
  /** As they were at the last look, by thread id. */
  #loads = new Map<number, EventLoopUtilization>();
  #closing = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#policy = options.policy;
  }

  async start(events: PoolEvents, settings: ThreadSettings): Promise<void> {
    this.#settings = settings;
    const { threads, entry = ENTRY } = this.#options;
    const piscina = new Piscina({
      filename: entry.href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      // Its default sleeps in Atomics.wait, and a sleeping thread cannot see a receiver close a keep-alive socket.
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: MAX_THREAD_HEAP_MIB },
    });
    // A thread that dies between two services has nothing in flight; the next `run` starts another.
    piscina.on('error', () => {});
    this.#piscina = piscina;
    const ready: Promise<void>[] = [];
    for (let thread = 0; thread < threads; thread++) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      ready.push(promise);
      this.#services.push(this.#keepServing(piscina, thread, events, resolve, reject));
    }
    await Promise.all(ready);
  }

  send(thread: number, parcels: readonly Parcel[]): void {
    const batch = pack(parcels);
    this.#post(thread, batch, [batch.bytes]);
  }

  configure(settings: ThreadSettings): void {
    this.#settings = settings;
    for (let thread = 0; thread < this.#ports.length; thread++)
      this.#post(thread, { kind: 'configure', settings });
  }

  resize(slots: number): void {
    this.#policy = { ...this.#policy, slots };
    for (let thread = 0; thread < this.#ports.length; thread++) this.#post(thread, { kind: 'resize', slots });
  }

  busyShare(): number {
    const threads = this.#piscina?.threads ?? [];
    const before = this.#loads;
    this.#loads = new Map();
    let shares = 0;
    for (const { threadId, performance } of threads) {
      const load = performance.eventLoopUtilization();
      this.#loads.set(threadId, load);
      const last = before.get(threadId);
      if (last !== undefined) shares += performance.eventLoopUtilization(load, last).utilization;
    }
    return threads.length === 0 ? 0 : shares / threads.length;
  }

  shed(): void {
    for (let thread = 0; thread < this.#ports.length; thread++) this.#post(thread, { kind: 'shed' });
  }

  handBack(): void {
    for (let thread = 0; thread < this.#ports.length; thread++) this.#post(thread, { kind: 'hand-back' });
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      for (let thread = 0; thread < this.#ports.length; thread++) this.#post(thread, { kind: 'end' });
    }
    await Promise.all(this.#services);
    await this.#piscina?.destroy();
  }

  #post(thread: number, message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#ports[thread]!.postMessage(message, transfer);
  }

  /** Keeps a thread serving under this number until the pool closes. A thread that dies before it was ever ready fails the start. */
  async #keepServing(
    piscina: Piscina,
    thread: number,
    events: PoolEvents,
    ready: () => void,
    failed: (error: unknown) => void,
  ): Promise<void> {
    let everReady = false;
    let served = false;
    const onReady = () => {
      everReady = true;
      served = true;
      ready();
    };
    let channel = this.#open(thread, events, onReady);
    while (!this.#closing) {
      try {
        const assignment = {
          port: channel.far,
          policy: this.#policy,
          settings: this.#settings,
        } as unknown as Assignment;
        await piscina.run(assignment, { transferList: [channel.far] as never });
      } catch (error) {
        if (this.#closing) break;
        channel.near.close();
        if (!everReady) return failed(error);
        // What is sent from now on waits in the new channel for the new thread.
        channel = this.#open(thread, events, onReady);
        events.threadLost(thread, error as Error, served);
        served = false;
        await new Promise((resolve) => setTimeout(resolve, RESPAWN_MS));
      }
    }
    channel.near.close();
  }

  #open(thread: number, events: PoolEvents, onReady: () => void): Channel {
    const { port1: near, port2: far } = new MessageChannel();
    near.on('message', (message: FromThread) => {
      if (message.kind === 'ready') onReady();
      else spread(message.report, events);
    });
    this.#ports[thread] = near;
    return { near, far };
  }
}
