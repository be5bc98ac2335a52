/** What is written about deliveries: a line for each failed attempt, and a summary while there is something to sum up. */
import { describeFailure, type Failure, type Subject, statusOf } from '../delivery/outcome.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

/** How often a busy engine sums up, in milliseconds. */
const SUMMARY_MS = 10_000;

export interface FailedDelivery {
  readonly subject: Subject | null;
  /** The id to name it by where the envelope could not be decoded. */
  readonly mintedId: string;
  /** Null where it cannot be read. */
  readonly destination: string | null;
  readonly failure: Failure;
  /** Which attempt this was, from 1; 0 when none was made. */
  readonly attempt: number;
  /** The wait before the next attempt, in milliseconds; or that there is none: a dead letter, or parked. */
  readonly next: number | 'never' | 'parked';
  readonly attemptMs: number;
}

export class DeliveryLog {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #gauges: () => { inFlight: number; waiting: number };
  #timer: NodeJS.Timeout | null = null;
  #summed = 0;
  #summedMs = 0;

  constructor(log: Logger, metrics: Metrics, gauges: () => { inFlight: number; waiting: number }) {
    this.#log = log;
    this.#metrics = metrics;
    this.#gauges = gauges;
  }

  /** `nowMs`: monotonic milliseconds. */
  start(nowMs: () => number): void {
    this.#summedMs = nowMs();
    this.#timer = setInterval(() => this.#sumUp(nowMs()), SUMMARY_MS).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  failed({ subject, mintedId, destination, failure, attempt, next, attemptMs }: FailedDelivery): void {
    const entry = {
      delivery_id: subject?.id ?? mintedId,
      status: statusOf(failure),
      attempt,
      next_retry: typeof next === 'number' ? inWords(next) : next,
      destination: destination ?? '-',
      error: describeFailure(failure),
      duration_ms: Math.round(attemptMs),
    };
    if (next === 'never') this.#log.error(entry, 'delivery dead');
    else this.#log.warn(entry, 'attempt failed');
  }

  succeeded(mintedId: string, destination: string, status: number, attempt: number, attemptMs: number): void {
    this.#log.info(
      { delivery_id: mintedId, status, attempt, destination, duration_ms: Math.round(attemptMs) },
      'delivered',
    );
  }

  #sumUp(nowMs: number): void {
    const { delivered, retried, dead } = this.#metrics.counters;
    const ended = delivered + retried + dead;
    const { inFlight, waiting } = this.#gauges();
    if (ended === this.#summed && inFlight === 0) {
      this.#summedMs = nowMs;
      return;
    }
    const seconds = (nowMs - this.#summedMs) / 1000;
    const { p50, p99 } = this.#metrics.attemptLatencyMs;
    const rate = Math.round((ended - this.#summed) / seconds);
    this.#log.info(
      {
        delivered,
        retried,
        dead,
        in_flight: inFlight,
        waiting,
        attempts_per_s: rate,
        p50_ms: p50,
        p99_ms: p99,
      },
      'summary',
    );
    this.#summed = ended;
    this.#summedMs = nowMs;
  }
}

/** `30s`, `1m30s`, `250ms`: to the second from one second up. */
export function inWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds}s`;
  return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
}
