/** The demo's receivers: what each does with a request, and which share of the events is theirs. */

/** What a receiver does with an event. */
export type Conduct =
  /** Answers 200 after this many milliseconds; 0 is at once. */
  | { readonly kind: 'answers'; readonly afterMs: number }
  /** Answers 503 to the first attempt of every n-th event of a destination, and 200 to the next. */
  | { readonly kind: 'stumbles'; readonly everyNth: number }
  /** The same with 429, and this Retry-After. */
  | { readonly kind: 'throttles'; readonly everyNth: number; readonly retryAfterSeconds: number }
  /** Is not there, so that connections are refused, until it comes up; then it answers 200 at once. */
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
    behaviour: '503 to one in 10',
    // Too few for its breaker, and so few that its window stays wide enough for its share.
    conduct: { kind: 'stumbles', everyNth: 10 },
    sharePercent: 15,
    destinations: 4,
  },
  {
    name: 'throttled',
    behaviour: '429 to one in 800',
    // Each is a pause of 1 to 2 s for the whole destination: one in a run of 20 000.
    conduct: { kind: 'throttles', everyNth: 800, retryAfterSeconds: 1 },
    sharePercent: 8,
    destinations: 2,
  },
  {
    name: 'dead',
    behaviour: 'refuses, later 200',
    conduct: { kind: 'absent' },
    sharePercent: 2,
    destinations: 1,
  },
] as const satisfies readonly ReceiverRole[];

/** Index in the cast of the receiver that is not there at first. */
export const ABSENT = CAST.findIndex(({ conduct }) => conduct.kind === 'absent');
