/**
 * How many slots the engine has. Where that is to be found out, it looks at how they are used, and tells those who go by it.
 * Costs nothing where the number is given.
 */
import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import { Sizing } from './dispatch/sizing.ts';
import type { SlotMeter, SlotUse } from './dispatch/slot-round.ts';
import type { Logger } from './record/log.ts';
import { memoryMibOf, type ThreadPlan } from './thread-plan.ts';

export interface SlotsParts {
  readonly plan: Omit<ThreadPlan, 'policy'>;
  readonly use: () => SlotUse;
  /** Share of the time since the last call in which the sending threads had something to do. */
  readonly busyShare: () => number;
  /** There are so many in each thread from now on. */
  readonly onResize: (perThread: number) => void;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** How often the use of the slots is looked at, in milliseconds. */
const LOOK_MS = 100;
/** Slots per core beyond which it is said what they cost. */
const USUAL_MOST = 50;

export class Slots {
  readonly #parts: SlotsParts;
  /** Null where their number is given. */
  readonly #sizing: Sizing | null;
  #perThread: number;
  #toldPerThread: number;
  #timer: NodeJS.Timeout | undefined;
  #load: EventLoopUtilization | undefined;

  constructor(parts: SlotsParts) {
    const { threads, slotsPerThread: least, mostSlotsPerThread: most } = parts.plan;
    this.#parts = parts;
    this.#sizing = most === null ? null : new Sizing({ threads, least, most });
    this.#perThread = this.#toldPerThread = least;
  }

  /** What the dispatcher is to tell of attempts; null where that is of no use. */
  get meter(): SlotMeter | null {
    return this.#sizing?.meter ?? null;
  }

  /** In all threads. */
  get count(): number {
    return this.#perThread * this.#parts.plan.threads;
  }

  start(): void {
    const { plan, log } = this.#parts;
    if (plan.slotsPerCore > USUAL_MOST)
      log.info(
        this.#cost(),
        'more slots than usual: each may take a socket and memory, and where CPU is the limit they only wait for each other',
      );
    if (this.#sizing !== null) this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** This machine lacks what slots need. */
  lacked(): void {
    if (this.#sizing === null) return;
    this.#sizing.lacked();
    this.#resize(this.#sizing.slotsPerThread);
  }

  #look(): void {
    const { use, nowMs } = this.#parts;
    const sizing = this.#sizing!;
    if (sizing.look({ ...use(), nowMs: nowMs(), busyShare: this.#busyShare() }))
      this.#resize(sizing.slotsPerThread);
    if (!sizing.isSteady || this.#perThread === this.#toldPerThread) return;
    this.#toldPerThread = this.#perThread;
    this.#parts.log.info(this.#cost(), 'the number of slots has settled');
  }

  #cost(): object {
    return { slots: this.count, memory_mib: memoryMibOf(this.count) };
  }

  #resize(perThread: number): void {
    this.#perThread = perThread;
    this.#parts.onResize(perThread);
  }

  /** Of the main thread or of the sending ones, whichever has more to do. */
  #busyShare(): number {
    const load = performance.eventLoopUtilization();
    const before = this.#load;
    this.#load = load;
    const own = before === undefined ? 0 : performance.eventLoopUtilization(load, before).utilization;
    return Math.max(own, this.#parts.busyShare());
  }
}
