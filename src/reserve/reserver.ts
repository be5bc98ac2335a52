/**
 * Claims deliveries as long as there is credit for them, and waits for work when there is none.
 * Credit is what bounds memory: what is claimed and not yet settled, in number and in bytes.
 */
import { setImmediate } from 'node:timers/promises';
import type { Claim, Passing } from '../broker/broker.ts';
import type { Credit } from './credit.ts';

/** The part of the broker that is used here. */
export interface ReserverBroker {
  reserve(maxCount: number, maxBytes: number, passing: Passing): Promise<Claim[]>;
  waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export interface ReserverParts {
  readonly broker: ReserverBroker;
  /** How many deliveries, and bytes of envelopes, may be claimed now. */
  readonly credit: () => Credit;
  /** Destinations whose deliveries are to be parked rather than claimed. */
  readonly passing: () => readonly string[];
  /** So many have been, for one of them. */
  readonly onParked: (destination: string, count: number) => void;
  /** A claim was answered after so long, in milliseconds, and brought so many. */
  readonly onTook: (count: number, ms: number) => void;
  /** Nothing more is claimed before what it answers is over. */
  readonly onClaimed: (claims: readonly Claim[]) => Promise<void> | void;
  /** A claim found nothing. */
  readonly onEmpty: () => void;
  /** Told of each fault; the reserver goes on by itself. */
  readonly onFault: (error: unknown) => void;
  readonly random: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

/** Most deliveries in a claim: worth a round trip, and small enough not to stall the broker. */
export const CLAIM_MAX = 256;
/**
 * Most bytes in a claim, about: one of large bodies keeps Redis from others for 2 ms. Measured with bodies of 64 KB: 165 us of its
 * CPU for each delivery, and 560 where a claim was only bounded by its count.
 */
export const CLAIM_MAX_BYTES = 1_048_576;
/** How long credit is gathered for a full claim before a smaller one is made, in milliseconds. */
const GATHER_MS = 10;
/** Longest wait for work before looking again, in milliseconds. */
const WAIT_MS = 5_000;
/** Rest after a claim that was not full, in milliseconds: lets a trickle gather into batches. */
const TRICKLE_MS = 1;
/** Waits after a fault, in milliseconds: doubling, plus jitter. */
const FAULT_FIRST_MS = 50;
const FAULT_MAX_MS = 2_000;

export class Reserver {
  readonly #parts: ReserverParts;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #creditFreed: (() => void) | null = null;

  constructor(parts: ReserverParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Credit has been freed: claim if that was what was waited for. */
  nudge(): void {
    if (this.#creditFreed !== null && isWorthAClaim(this.#parts.credit())) this.#creditFreed();
  }

  /** Claims no more; resolves when the claim under way, if any, has been passed on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#creditFreed?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await this.#step(signal);
        failures = 0;
      } catch (error) {
        this.#parts.onFault(error);
        const waitMs = Math.min(FAULT_FIRST_MS * 2 ** failures++, FAULT_MAX_MS) * (1 + this.#parts.random());
        await rest(waitMs, signal);
      }
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { broker, credit, passing, onParked, onTook, onClaimed, onEmpty, nowMs } = this.#parts;
    if (!isWorthAClaim(credit())) await this.#creditOr(GATHER_MS, signal);
    const { count, bytes } = credit();
    if (count <= 0 || bytes <= 0 || signal.aborted) return;
    const wanted = Math.min(count, CLAIM_MAX);
    const wantedBytes = Math.min(bytes, CLAIM_MAX_BYTES);
    const parked: [destination: string, count: number][] = [];
    const passingTold = {
      destinations: passing(),
      onParked: (...told: [string, number]) => void parked.push(told),
    };
    const fromMs = nowMs();
    const claims = await broker.reserve(wanted, wantedBytes, passingTold);
    onTook(claims.length, nowMs() - fromMs);
    const met = parked.reduce((sum, [, count]) => sum + count, claims.length);
    const isFull = met >= wanted || bytesOf(claims) >= wantedBytes / 2;
    // What the broker answered before is heard first: that a destination is enabled, else these would be parked in vain.
    await setImmediate();
    for (const [destination, count] of parked) onParked(destination, count);
    if (met > 0) await onClaimed(claims);
    if (met === 0) {
      onEmpty();
      await broker.waitForWork(WAIT_MS, signal);
    } else if (!isFull) {
      await rest(TRICKLE_MS, signal);
    }
  }

  /** Resolves when a nudge finds credit for a full claim, or after `ms`. */
  async #creditOr(ms: number, signal: AbortSignal): Promise<void> {
    const freed = new Promise<void>((resolve) => {
      this.#creditFreed = resolve;
    });
    await Promise.race([freed, rest(ms, signal)]);
    this.#creditFreed = null;
  }
}

function isWorthAClaim({ count, bytes }: Credit): boolean {
  return count >= CLAIM_MAX && bytes > 0;
}

function bytesOf(claims: readonly Claim[]): number {
  return claims.reduce((sum, { envelope }) => sum + envelope.length, 0);
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
