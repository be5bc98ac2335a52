/** A broker in memory on a virtual clock: what the dispatcher's rules assume of the port, and no more. */
import type { Block, ProbeAnswer, TokenGrant, TokenWish } from '../../src/broker/broker.ts';
import { Heap } from '../../src/runtime/heap.ts';
import { Ring } from '../../src/runtime/ring.ts';

/** A queued job, wherever it is. */
export interface Job {
  readonly destination: string;
  readonly bytes: number;
  readonly publishedMs: number;
  /** Of its destination: 0, 1, 2, … in the order of publishing. */
  readonly place: number;
  attempts: number;
}

export class ModelledBroker {
  readonly #nowMs: () => number;
  readonly #ready = new Ring<Job>();
  readonly #delayed = new Heap<Job>();
  readonly #parked = new Map<string, Ring<Job>>();
  readonly #blocks = new Map<string, { block: Block; untilMs: number; probedUntilMs: number }>();
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();
  /** Destinations whose standing has changed, in that order; the length is the version. */
  readonly #changed: string[] = [];
  probes = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  publish(job: Job): void {
    this.#ready.push(job);
  }

  /** Up to half of a claim are due retries while ready ones wait. */
  reserve(maxCount: number, maxBytes: number): Job[] {
    const claimed: Job[] = [];
    let bytes = 0;
    const take = (job: Job) => {
      bytes += job.bytes;
      claimed.push(job);
    };
    while (this.#delayed.least <= this.#nowMs() && claimed.length < maxCount && bytes < maxBytes) {
      if (claimed.length >= maxCount / 2 && this.#ready.length > 0) break;
      take(this.#delayed.shift()!);
    }
    while (this.#ready.length > 0 && claimed.length < maxCount && bytes < maxBytes)
      take(this.#ready.shift()!);
    return claimed;
  }

  delay(job: Job, delayMs: number): void {
    this.#delayed.push(this.#nowMs() + delayMs, job);
  }

  park(job: Job): void {
    let parked = this.#parked.get(job.destination);
    if (parked === undefined) {
      parked = new Ring();
      this.#parked.set(job.destination, parked);
    }
    parked.push(job);
    if (parked.length === 1) this.#changed.push(job.destination);
  }

  parked(destination: string): number {
    return this.#parked.get(destination)?.length ?? 0;
  }

  reserveParked(destination: string, maxCount: number, maxBytes: number): Job[] {
    const parked = this.#parked.get(destination);
    const claimed: Job[] = [];
    if (parked === undefined) return claimed;
    for (let bytes = 0; claimed.length < maxCount && bytes < maxBytes && parked.length > 0; ) {
      const job = parked.shift()!;
      bytes += job.bytes;
      claimed.push(job);
    }
    return claimed;
  }

  block(destination: string, block: Block): void {
    const known = this.#blocks.get(destination);
    const untilMs = Math.max(known?.untilMs ?? 0, this.#nowMs() + block.forMs);
    const opened = Math.max(known?.block.opened ?? 0, block.opened);
    const kind = known?.block.kind === 'open' ? 'open' : block.kind;
    this.#blocks.set(destination, { block: { kind, forMs: 0, opened }, untilMs, probedUntilMs: 0 });
    this.#changed.push(destination);
  }

  unblock(destination: string): void {
    if (this.#blocks.delete(destination)) this.#changed.push(destination);
  }

  askProbe(destination: string, forMs: number): ProbeAnswer {
    const known = this.#blocks.get(destination);
    if (known === undefined) return { kind: 'unblocked' };
    const busyMs = Math.max(known.untilMs, known.probedUntilMs) - this.#nowMs();
    if (busyMs > 0) return { kind: 'refused', forMs: busyMs };
    known.probedUntilMs = this.#nowMs() + forMs;
    this.probes++;
    return { kind: 'granted' };
  }

  takeTokens({ destination, count, perSecond, burst }: TokenWish): TokenGrant {
    const nowMs = this.#nowMs();
    const bucket = this.#buckets.get(destination) ?? { tokens: burst, atMs: nowMs };
    const tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * perSecond);
    const granted = Math.min(count, Math.floor(tokens + 1e-9));
    this.#buckets.set(destination, { tokens: tokens - granted, atMs: nowMs });
    const missing = 1 - (tokens - granted);
    return { count: granted, waitMs: granted === count ? 0 : Math.max(1, (missing / perSecond) * 1_000) };
  }

  get version(): number {
    return this.#changed.length;
  }

  /** What has changed since a version. */
  standings(since: number): { destination: string; block: Block | null; isParked: boolean }[] {
    return [...new Set(this.#changed.slice(since))].map((destination) => {
      const known = this.#blocks.get(destination);
      const forMs = known === undefined ? 0 : Math.max(0, known.untilMs - this.#nowMs());
      const block = known === undefined ? null : { ...known.block, forMs };
      return { destination, block, isParked: this.parked(destination) > 0 };
    });
  }
}
