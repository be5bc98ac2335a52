/** What is on its way to the broker: gathers envelopes into batches, in order, one batch in flight at a time. */
import { setImmediate } from 'node:timers/promises';
import { Ring } from '../runtime/ring.ts';

/**
 * Most envelopes in one batch. The cost of a round trip is spread over them, and levels off here; a larger batch would
 * hold up other clients of the broker longer than a millisecond, and reject more events when it fails.
 */
const MAX_BATCH_COUNT = 500;
/** Most bytes in one batch (but for one envelope that is larger alone): for the same reasons, where payloads are large. */
const MAX_BATCH_BYTES = 1_048_576;

/** Envelopes that go in one batch, and the promise of whoever added them. */
interface Parcel {
  readonly envelopes: readonly Buffer[];
  readonly bytes: number;
  readonly settled: PromiseWithResolvers<void>;
}

export class Outbox {
  readonly #send: (envelopes: readonly Buffer[]) => Promise<void>;
  readonly #waiting = new Ring<Parcel>();
  #sending: Promise<void> | null = null;

  /** `send` hands a batch to the broker, all or none. */
  constructor(send: (envelopes: readonly Buffer[]) => Promise<void>) {
    this.#send = send;
  }

  /**
   * Resolves when all are with the broker; rejects with the broker's error when any batch with some of them failed.
   * Those that fit in one batch are queued all or none.
   */
  async add(envelopes: readonly Buffer[]): Promise<void> {
    const parcels = parcelsOf(envelopes);
    for (const parcel of parcels) this.#waiting.push(parcel);
    this.#sending ??= this.#sendWaiting();
    await Promise.all(parcels.map(({ settled }) => settled.promise));
  }

  /** Resolves when all that was added is with the broker, or has failed. */
  async drain(): Promise<void> {
    while (this.#sending !== null) await this.#sending;
  }

  async #sendWaiting(): Promise<void> {
    // What else this turn of the event loop adds goes in the same batch.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#send(batch.flatMap(({ envelopes }) => envelopes));
        for (const { settled } of batch) settled.resolve();
      } catch (error) {
        for (const { settled } of batch) settled.reject(error);
      }
    }
    this.#sending = null;
  }

  #nextBatch(): Parcel[] {
    const batch: Parcel[] = [];
    let count = 0;
    let bytes = 0;
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      count += next.envelopes.length;
      bytes += next.bytes;
      if (batch.length > 0 && (count > MAX_BATCH_COUNT || bytes > MAX_BATCH_BYTES)) break;
      batch.push(next);
      this.#waiting.shift();
    }
    return batch;
  }
}

/** Cuts envelopes into parcels that each fit a batch; one that is larger than a batch goes alone. */
function parcelsOf(envelopes: readonly Buffer[]): Parcel[] {
  const parcels: Parcel[] = [];
  let from = 0;
  let bytes = 0;
  for (const [i, { length }] of envelopes.entries()) {
    if (i > from && (i - from === MAX_BATCH_COUNT || bytes + length > MAX_BATCH_BYTES)) {
      parcels.push({ envelopes: envelopes.slice(from, i), bytes, settled: Promise.withResolvers() });
      from = i;
      bytes = 0;
    }
    bytes += length;
  }
  if (from < envelopes.length)
    parcels.push({ envelopes: envelopes.slice(from), bytes, settled: Promise.withResolvers() });
  return parcels;
}
