/** Receivers that a simulation sends to, and what is made of what they saw. */
import type { Outcome } from '../../src/delivery/outcome.ts';

/** What a receiver does with a request, and how long it takes, in milliseconds. */
export interface Answer {
  readonly afterMs: number;
  readonly outcome: Outcome;
}

/** `inFlight`: requests that it has, with this one. */
export type Receiver = (request: {
  readonly nowMs: number;
  readonly inFlight: number;
  readonly bytes: number;
  readonly random: () => number;
}) => Answer;

/** mulberry32: small, fast, and good enough to draw latencies and jitter. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** How many of some moments fall into each second, by the second. */
export function bySecond(moments: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const ms of moments) {
    const second = Math.floor(ms / 1_000);
    counts.set(second, (counts.get(second) ?? 0) + 1);
  }
  return counts;
}

const OK: Outcome = { kind: 'delivered', status: 200 };
const TIMEOUT: Outcome = { kind: 'broken', code: 'total-timeout', error: 'no answer' };
const REFUSED: Outcome = { kind: 'unreachable', code: 'connect-refused', error: 'nobody listens' };

function answered(status: number, retryAfter: string | null = null): Outcome {
  return { kind: 'answered', response: { status, body: '', retryAfter } };
}

/** Receivers, by what they do. Latencies are exponential around a mean, above a floor. */
export const RECEIVERS = {
  healthy:
    (meanMs = 5): Receiver =>
    ({ random }) => ({ afterMs: meanMs * (0.5 - 0.5 * Math.log(1 - random())), outcome: OK }),
  hanging: (): Receiver => () => ({ afterMs: 10_000, outcome: TIMEOUT }),
  refusing: (): Receiver => () => ({ afterMs: 1, outcome: REFUSED }),
  failing: (): Receiver => () => ({ afterMs: 5, outcome: answered(503) }),
  slow:
    (ms = 2_000): Receiver =>
    ({ random }) => ({ afterMs: ms * (0.95 + 0.1 * random()), outcome: OK }),
  /** One that takes a while for each byte. */
  bandwidth:
    (bytesPerMs: number): Receiver =>
    ({ bytes, inFlight }) => ({ afterMs: 2 + (bytes * inFlight) / bytesPerMs, outcome: OK }),
  /** All share one machine that does one after the other: the more is in flight anywhere, the longer each takes. */
  machine: (costMs: number): Receiver => {
    let freeMs = 0;
    return ({ nowMs }) => {
      freeMs = Math.max(freeMs, nowMs) + costMs;
      return { afterMs: freeMs - nowMs, outcome: OK };
    };
  },
  /** Takes so many a second and answers 429 to the rest. */
  throttling: (perSecond: number, retryAfterSeconds: number): Receiver => {
    let second = -1;
    let taken = 0;
    return ({ nowMs }) => {
      if (Math.floor(nowMs / 1_000) !== second) taken = 0;
      second = Math.floor(nowMs / 1_000);
      const isTooMuch = taken++ >= perSecond;
      return { afterMs: 5, outcome: isTooMuch ? answered(429, `${retryAfterSeconds}`) : OK };
    };
  },
  /** Answers 503 between two moments. */
  outage:
    (receiver: Receiver, fromMs: number, toMs: number): Receiver =>
    (request) =>
      request.nowMs >= fromMs && request.nowMs < toMs
        ? { afterMs: 5, outcome: answered(503) }
        : receiver(request),
} as const;
