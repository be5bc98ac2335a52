/** The demo's receivers: what each does with a request, and which share of the events is theirs. */

/** What a receiver does with an event. */
export type Conduct =
  /** Answers 200 after this many milliseconds; 0 is at once. */
  | { readonly kind: 'answers'; readonly afterMs: number }
  /** Answers 503 to the first attempt of each event, and 200 to the next. */
  | { readonly kind: 'stumbles' }
  /** Answers 429 to the first attempt of every n-th event, with this Retry-After. */
  | { readonly kind: 'throttles'; readonly everyNth: number; readonly retryAfterSeconds: number }
  /** Is not there: connections are refused. */
  | { readonly kind: 'absent' };

export interface ReceiverRole {
  readonly name: string;
  /** What it does, in a few words. */
  readonly behaviour: string;
  readonly conduct: Conduct;
  /** Its share of the events, in percent. */
  readonly sharePercent: number;
  /** How many customers it stands for: each is a destination with a lane of its own. */
  readonly destinations: number;
}

/** Shares that add up to 100, and with which the slow one, which holds a slot for 150 ms, does not set the pace of the whole. */
export const CAST = [
  {
    name: 'fast',
    behaviour: '200 at once',
    conduct: { kind: 'answers', afterMs: 0 },
    sharePercent: 73,
    destinations: 8,
  },
  {
    name: 'slow',
    behaviour: '200 after 150 ms',
    conduct: { kind: 'answers', afterMs: 150 },
    sharePercent: 2,
    destinations: 4,
  },
  {
    name: 'flaky',
    behaviour: '503, then 200',
    conduct: { kind: 'stumbles' },
    sharePercent: 15,
    destinations: 4,
  },
  {
    name: 'throttled',
    behaviour: '429, Retry-After 1',
    conduct: { kind: 'throttles', everyNth: 4, retryAfterSeconds: 1 },
    sharePercent: 8,
    destinations: 2,
  },
  {
    name: 'dead',
    behaviour: 'refuses connections',
    conduct: { kind: 'absent' },
    sharePercent: 2,
    destinations: 1,
  },
] as const satisfies readonly ReceiverRole[];

/**
 * Where nobody listens. A port that was free a moment ago will not do: it is one the system hands out, so a connection
 * from it to itself could succeed (TCP's simultaneous open, RFC 9293 §3.5).
 */
export const ABSENT_URL = 'http://127.0.0.1:1/hooks';
