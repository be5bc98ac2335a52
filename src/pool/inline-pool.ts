/** The attempt pool without threads: the same attempts, made in the caller's own. For tests, and for a machine with one core. */
import { performance } from 'node:perf_hooks';
import { Attempter } from '../thread/attempter.ts';
import type { AttemptPolicy } from '../thread/policy.ts';
import type { AttemptPool, Parcel, PoolEvents } from './attempt-pool.ts';
import { pack, spread } from './pack.ts';

export class InlinePool implements AttemptPool {
  readonly #policy: AttemptPolicy;
  #attempter: Attempter | null = null;

  constructor(policy: AttemptPolicy) {
    this.#policy = policy;
  }

  async start(events: PoolEvents): Promise<void> {
    this.#attempter = new Attempter({
      policy: this.#policy,
      report: (report) => spread(report, events),
      monotonicMs: () => performance.now(),
      wallMs: Date.now,
    });
  }

  send(_thread: number, parcels: readonly Parcel[]): void {
    const { bytes, index } = pack(parcels);
    this.#attempter!.accept(bytes, index);
  }

  handBack(): void {
    this.#attempter?.handBack();
  }

  async close(): Promise<void> {
    await this.#attempter?.end();
    this.#attempter = null;
  }
}
