/** What a mock receiver does with connections and requests. Pure: randomness comes in. */
import { type Latency, sampleMs } from './latency.ts';

/** Answers in full. */
export interface Answer {
  readonly kind: 'answer';
  /** 200 unless said. */
  readonly status?: number;
  /** The value of a Retry-After header; none unless said. */
  readonly retryAfterSeconds?: number;
  /** At once unless said. */
  readonly latency?: Latency;
  /** Up to so many milliseconds are added to the latency, evenly spread. */
  readonly jitterMs?: number;
}

/** What can become of a request. */
export type Fate =
  | Answer
  /** The connection is reset. */
  | { readonly kind: 'reset' }
  /** Nothing comes, and the connection stays. */
  | { readonly kind: 'hang' }
  /** The head of a 200 at once, then its body a byte at a time. */
  | { readonly kind: 'drip'; readonly everyMs: number; readonly bodyBytes: number };

/** What is done with each request. */
export type Reaction =
  | Fate
  /** `otherwise` for a `share` (0 to 1) of the requests, `usually` for the others. */
  | { readonly kind: 'flaky'; readonly share: number; readonly usually: Fate; readonly otherwise: Fate };

/** A group's: `refuse` is nobody listening. */
export type Behaviour = Reaction | { readonly kind: 'refuse' };

export function fateOf(reaction: Reaction, random: () => number): Fate {
  if (reaction.kind !== 'flaky') return reaction;
  return random() < reaction.share ? reaction.otherwise : reaction.usually;
}

/** How long an answer is held back, in milliseconds. */
export function delayMsOf({ latency, jitterMs = 0 }: Answer, random: () => number): number {
  const ms = latency === undefined ? 0 : sampleMs(latency, random);
  return jitterMs === 0 ? ms : ms + jitterMs * random();
}

/** Whether a sender takes it for delivered. A drip counts only at its last byte, which no sender waits for here. */
export function isDelivery(fate: Fate): boolean {
  const { status = 200 } = fate as Answer;
  return fate.kind === 'answer' && status >= 200 && status < 300;
}

/** The bytes of an answer. */
export function answerBytes({ status = 200, retryAfterSeconds }: Answer): Buffer {
  const retryAfter = retryAfterSeconds === undefined ? '' : `retry-after: ${retryAfterSeconds}\r\n`;
  return Buffer.from(`HTTP/1.1 ${status} Mock\r\n${retryAfter}content-length: 0\r\n\r\n`);
}
