/** Keeps this worker's lease alive, and looks for what workers that died have left. */

export interface KeeperParts {
  readonly leaseMs: number;
  readonly extend: () => Promise<boolean>;
  readonly reclaim: () => Promise<number>;
  /** The lease has lapsed, or could not be renewed in time: what waits under it is no longer ours. */
  readonly onLapsed: () => void;
  readonly onReclaimed: (count: number) => void;
  readonly onFault: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** A lease is renewed three times in its life: two renewals may fail before it lapses. */
const RENEWALS_PER_LEASE = 3;
/** Jitter on each wait, as a share of it, so that workers do not look at the same instant. */
const JITTER = 0.2;

export class Keeper {
  readonly #parts: KeeperParts;
  #timer: NodeJS.Timeout | null = null;
  #turn: Promise<void> | null = null;
  #stopped = false;
  #renewedMs = 0;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Begins at once; resolves when the first turn has been made, whatever came of it. */
  start(): Promise<void> {
    this.#renewedMs = this.#parts.nowMs();
    return this.#next();
  }

  /** Resolves when nothing more will be asked of the broker. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#turn;
  }

  #next(): Promise<void> {
    this.#turn = this.#keep().finally(() => {
      if (this.#stopped) return;
      const waitMs = (this.#parts.leaseMs / RENEWALS_PER_LEASE) * (1 - this.#parts.random() * JITTER);
      this.#timer = setTimeout(() => void this.#next(), waitMs);
    });
    return this.#turn;
  }

  async #keep(): Promise<void> {
    const { extend, reclaim, onLapsed, onReclaimed, onFault, nowMs, leaseMs } = this.#parts;
    const askedMs = nowMs();
    try {
      if (!(await extend())) onLapsed();
      this.#renewedMs = askedMs;
      const reclaimed = await reclaim();
      if (reclaimed > 0) onReclaimed(reclaimed);
    } catch (error) {
      onFault(error);
      if (nowMs() - this.#renewedMs >= leaseMs) onLapsed();
    }
  }
}
