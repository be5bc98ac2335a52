/**
 * Applies settlements in batches, one batch at a time, when there are FULL_BATCH of them or after FLUSH_MS, so that a
 * batch is worth its round trip. A batch the broker did not take is tried again, together with what has come since; nothing is dropped.
 */

/** Least time between two batches, in milliseconds: 10 000 deliveries a second settle 200 at a time, at half the cost of 50. */
const FLUSH_MS = 20;
/** This many do not wait for the time: more would only be sent again if the worker were killed now. */
const FULL_BATCH = 256;
/** Most settlements in a batch: keeps one command's stall of the broker below a few milliseconds. */
const MAX_BATCH = 1_000;
/** Waits between tries while the broker does not take them, in milliseconds: doubling up to the second, plus jitter. */
const RETRY_FIRST_MS = 50;
const RETRY_MAX_MS = 2_000;

export interface SettlerParts<Settlement, Result> {
  /** Safe to repeat. */
  readonly apply: (batch: readonly Settlement[]) => Promise<Result>;
  /** A batch is with the broker. */
  readonly onApplied: (result: Result, batch: readonly Settlement[]) => void;
  /** Told of each failed try; the settler goes on by itself. */
  readonly onFault: (error: unknown) => void;
  readonly random: () => number;
}

export class Settler<Settlement, Result> {
  readonly #parts: SettlerParts<Settlement, Result>;
  #pending: Settlement[] = [];
  #running: Promise<void> | null = null;
  #abandoned = false;
  #onFull: (() => void) | null = null;
  #inHand = 0;

  constructor(parts: SettlerParts<Settlement, Result>) {
    this.#parts = parts;
  }

  /** Settlements not yet with the broker; a large backlog is a reason to claim no more. */
  get backlog(): number {
    return this.#pending.length + this.#inHand;
  }

  add(settlement: Settlement): void {
    this.#pending.push(settlement);
    if (this.#pending.length >= FULL_BATCH) this.#onFull?.();
    if (!this.#abandoned) this.#running ??= this.#run();
  }

  /** Resolves when all that was added is with the broker, or after `abandon`. */
  async drain(): Promise<void> {
    while (this.#running !== null) await this.#running;
  }

  /** Gives up on what the broker does not take: its deliveries come back when the lease ends. */
  abandon(): void {
    this.#abandoned = true;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#pending.length > 0 && !this.#abandoned) {
      const waitMs =
        failures === 0
          ? FLUSH_MS
          : Math.min(RETRY_FIRST_MS * 2 ** (failures - 1), RETRY_MAX_MS) * (1 + this.#parts.random());
      await this.#gather(waitMs, failures === 0);
      const batch = this.#pending.splice(0, MAX_BATCH);
      this.#inHand = batch.length;
      try {
        const result = await this.#parts.apply(batch);
        failures = 0;
        this.#inHand = 0;
        this.#parts.onApplied(result, batch);
      } catch (error) {
        this.#pending = batch.concat(this.#pending);
        this.#inHand = 0;
        failures++;
        this.#parts.onFault(error);
      }
    }
    this.#running = null;
  }

  /** Resolves after `ms`, or as soon as there is a full batch where that is enough. */
  #gather(ms: number, untilFull: boolean): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#onFull = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      if (!untilFull) return;
      this.#onFull = done;
      if (this.#pending.length >= FULL_BATCH) done();
    });
  }
}
