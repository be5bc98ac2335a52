/**
 * Stops sending to a destination that fails or asks for a pause, and comes back gently. Pure.
 *
 *                  failures in a row, or
 *                  half of 20 or more in 30 s              cool-off over, probe granted
 *   ┌────────┐ ──────────────────────────────► ┌──────┐ ─────────────────────────► ┌─────────┐
 *   │ closed │                                 │ open │ ◄───────────────────────── │ probing │
 *   └────────┘ ◄───────────┐            ┌────► └──────┘    failed: longer          └─────────┘
 *      │                   │            │        │ ▲                                 │     │
 *      │    limit reaches  │   failures │        │ │                     answered    │     │ throttled
 *      │    the window     │   as above │        │ │                 ┌───────────────┘     │
 *      │                ┌─────────┐ ────┘        │ │                 │                     │
 *      │                │ ramping │ ◄────────────┴─┼─────────────────┘                     │
 *      │ throttled      └─────────┘   lifted       │                                       │
 *      │ with a pause     │     ▲                  │ (a pause asked for while open         │
 *      │                  │     │ pause over,      │  moves the end of the cool-off)       │
 *      │        throttled │     │ and answered     │                                       │
 *      │                  ▼     │                  │                                       │
 *      │                ┌────────┐  failures       │                                       │
 *      └──────────────► │ paused │ ────────────────┘                                       │
 *                       └────────┘ ◄───────────────────────────────────────────────────────┘
 *
 * Leave for a probe that is over is asked for anew; a probing breaker to which it is refused is open until it may be asked again.
 *
 * A block (open or paused) is shared by all workers through the broker: one that is heard of from another worker is entered
 * as if it had been found out here, and so is one that has been lifted. A cool-off is twice as long each time the destination
 * fails again before it was closed, up to MOST_COOL_OFFS. While ramping, which each worker does for itself, the limit on what
 * is in flight doubles with each round of successes, from 1 until it reaches the window.
 */
import type { Block, ProbeAnswer } from '../broker/broker.ts';
import { afterPause, jittered } from '../settle/retry-policy.ts';
import type { Ending } from './ending.ts';
import type { Tally } from './tally.ts';

/** Times are monotonic milliseconds. `opened`: how often it has opened since it was last closed. */
export type Breaker =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly untilMs: number; readonly opened: number }
  /** Until when the leave that was given lets a probe be sent; then it is to be asked for anew. */
  | { readonly kind: 'probing'; readonly untilMs: number; readonly opened: number }
  /** Once it is over one may be in flight, until an answer shows that the destination takes deliveries again. */
  | { readonly kind: 'paused'; readonly untilMs: number; readonly opened: number }
  /** `limit`: on what is in flight. `clean`: successes in this round, which has as many as the limit. */
  | { readonly kind: 'ramping'; readonly limit: number; readonly clean: number; readonly opened: number };

export type BreakerEvent =
  /** A delivery has come back. */
  | Ending
  /** The broker has given leave to send a probe until then, in monotonic milliseconds. */
  | { readonly kind: 'granted'; readonly untilMs: number }
  /** It has answered otherwise, or tells that the destination is blocked no more. */
  | Exclude<ProbeAnswer, { readonly kind: 'granted' }>
  /** Another worker has blocked the destination, or this one did before it was started. */
  | { readonly kind: 'blocked'; readonly block: Block };

export const CLOSED: Breaker = { kind: 'closed' };
export const UNBLOCKED: BreakerEvent = { kind: 'unblocked' };

export interface BreakerRules {
  /** Failures in a row that open it; at least 1. */
  readonly failures: number;
  /** The wait before the first probe, in milliseconds; before jitter, which adds up to a fifth. */
  readonly coolOffMs: number;
}

/** The longest cool-off, as a multiple of the first: 10 minutes for 30 s. */
export const MOST_COOL_OFFS = 20;

/** What a transition depends on beside state and event. */
export interface Circumstances {
  /** Failures of late; kept up to date here. */
  readonly tally: Tally;
  readonly nowMs: number;
  readonly random: () => number;
  /** What may be in flight when closed: the end of a ramp. */
  readonly window: number;
  /** Null: failures never open it. */
  readonly rules: BreakerRules | null;
}

/** The state after an event; the same object where nothing changes. */
export function transition(breaker: Breaker, event: BreakerEvent, at: Circumstances): Breaker {
  switch (breaker.kind) {
    case 'closed':
      return whenClosed(breaker, event, at);
    case 'open':
      return whenOpen(breaker, event, at);
    case 'probing':
      return whenProbing(breaker, event, at);
    case 'paused':
      return whenPaused(breaker, event, at);
    case 'ramping':
      return whenRamping(breaker, event, at);
    default:
      return breaker satisfies never;
  }
}

/** How many may be in flight. */
export function roomIn(breaker: Breaker, window: number, nowMs: number): number {
  switch (breaker.kind) {
    case 'closed':
      return window;
    case 'open':
      return 0;
    case 'probing':
      return breaker.untilMs > nowMs ? 1 : 0;
    case 'paused':
      return breaker.untilMs <= nowMs ? 1 : 0;
    case 'ramping':
      return Math.min(breaker.limit, window);
    default:
      return breaker satisfies never;
  }
}

type Closed = Extract<Breaker, { kind: 'closed' }>;

function whenClosed(breaker: Closed, event: BreakerEvent, at: Circumstances): Breaker {
  switch (event.kind) {
    case 'delivered':
    case 'answered':
      at.tally.succeeded(at.nowMs);
      return breaker;
    case 'failed':
      return failed(breaker, 0, at);
    case 'throttled':
      return event.pauseMs > 0 ? pause(event.pauseMs, 0, at) : breaker;
    case 'blocked':
      return heard(event.block, at);
    case 'untried':
    case 'granted':
    case 'refused':
    case 'unblocked':
      return breaker;
    default:
      return event satisfies never;
  }
}

type Open = Extract<Breaker, { kind: 'open' }>;

/** What was sent before may still come back; only what asks for a longer wait counts. */
function whenOpen(breaker: Open, event: BreakerEvent, at: Circumstances): Breaker {
  switch (event.kind) {
    case 'granted':
      return breaker.untilMs <= at.nowMs ? { ...breaker, kind: 'probing', untilMs: event.untilMs } : breaker;
    case 'refused':
      return { ...breaker, untilMs: Math.max(breaker.untilMs, at.nowMs + event.forMs) };
    case 'unblocked':
      return ramp(breaker.opened, at);
    case 'throttled':
      return extended(breaker, event.pauseMs, at);
    case 'blocked':
      return joined(breaker, event.block, at);
    case 'delivered':
    case 'answered':
    case 'failed':
    case 'untried':
      return breaker;
    default:
      return event satisfies never;
  }
}

type Probing = Extract<Breaker, { kind: 'probing' }>;

function whenProbing(breaker: Probing, event: BreakerEvent, at: Circumstances): Breaker {
  const { opened } = breaker;
  switch (event.kind) {
    case 'delivered':
    case 'answered':
    case 'unblocked':
      return ramp(opened, at);
    case 'throttled':
      return event.pauseMs > 0 ? pause(event.pauseMs, opened, at) : ramp(opened, at);
    case 'failed':
      at.tally.failed(at.nowMs);
      // Where failures open nothing any more, they keep nothing open either.
      return at.rules === null ? ramp(opened, at) : open(opened + 1, at.rules, at);
    case 'blocked':
      // The block that is being probed is known.
      return isNews(event.block, opened) ? heard(event.block, at) : breaker;
    // The leave was for one attempt, and none was made: the next delivery may have it, as long as it lasts.
    case 'untried':
      return breaker;
    case 'granted':
      return { ...breaker, untilMs: event.untilMs };
    // Another worker has been given leave, as the one given here was over.
    case 'refused':
      return { kind: 'open', untilMs: at.nowMs + event.forMs, opened };
    default:
      return event satisfies never;
  }
}

type Paused = Extract<Breaker, { kind: 'paused' }>;

function whenPaused(breaker: Paused, event: BreakerEvent, at: Circumstances): Breaker {
  // What was sent before the pause says nothing of what comes after it.
  const isOver = breaker.untilMs <= at.nowMs;
  switch (event.kind) {
    case 'delivered':
    case 'answered':
      return isOver ? ramp(breaker.opened, at) : breaker;
    case 'failed':
      return isOver ? failed(breaker, breaker.opened, at) : breaker;
    case 'throttled':
      return extended(breaker, event.pauseMs, at);
    case 'unblocked':
      return ramp(breaker.opened, at);
    case 'blocked':
      return joined(breaker, event.block, at);
    case 'untried':
    case 'granted':
    case 'refused':
      return breaker;
    default:
      return event satisfies never;
  }
}

type Ramping = Extract<Breaker, { kind: 'ramping' }>;

function whenRamping(breaker: Ramping, event: BreakerEvent, at: Circumstances): Breaker {
  const { limit, clean, opened } = breaker;
  switch (event.kind) {
    case 'delivered':
    case 'answered':
      at.tally.succeeded(at.nowMs);
      if (clean + 1 < limit) return { ...breaker, clean: clean + 1 };
      return limit * 2 >= at.window ? CLOSED : { kind: 'ramping', limit: limit * 2, clean: 0, opened };
    case 'failed':
      return failed({ ...breaker, clean: 0 }, opened, at);
    case 'throttled':
      return event.pauseMs > 0 ? pause(event.pauseMs, opened, at) : { ...breaker, clean: 0 };
    case 'blocked':
      // The block that has led here is perhaps not lifted yet at the broker.
      return isNews(event.block, opened) ? heard(event.block, at) : breaker;
    case 'untried':
    case 'granted':
    case 'refused':
    case 'unblocked':
      return breaker;
    default:
      return event satisfies never;
  }
}

function failed(otherwise: Breaker, opened: number, at: Circumstances): Breaker {
  at.tally.failed(at.nowMs);
  const { rules, tally, nowMs } = at;
  return rules !== null && tally.isTooMuch(nowMs, rules.failures) ? open(opened + 1, rules, at) : otherwise;
}

function open(opened: number, { coolOffMs }: BreakerRules, { nowMs, random }: Circumstances): Breaker {
  const forMs = jittered(coolOffMs * Math.min(2 ** (opened - 1), MOST_COOL_OFFS), random);
  return { kind: 'open', untilMs: nowMs + forMs, opened };
}

function pause(pauseMs: number, opened: number, { nowMs, random }: Circumstances): Breaker {
  return { kind: 'paused', untilMs: nowMs + afterPause(pauseMs, random), opened };
}

/** Answers to what was sent before: the one that asks for the longest wait counts. */
function extended(breaker: Open | Paused, pauseMs: number, { nowMs, random }: Circumstances): Breaker {
  // Jitter was added when it began, and an answer that asks for no longer must not add it again.
  if (pauseMs === 0 || nowMs + pauseMs <= breaker.untilMs) return breaker;
  return { ...breaker, untilMs: nowMs + afterPause(pauseMs, random) };
}

function ramp(opened: number, { tally }: Circumstances): Breaker {
  tally.clear();
  return { kind: 'ramping', limit: 1, clean: 0, opened };
}

/** A block as the broker tells it. Jitter was added where it began. */
function heard({ kind, forMs, opened }: Block, { nowMs }: Circumstances): Breaker {
  return { kind, untilMs: nowMs + forMs, opened };
}

/** Of two blocks the later end and the greater count hold, and an open one wants its probe. */
function joined(breaker: Open | Paused, { kind, forMs, opened }: Block, { nowMs }: Circumstances): Breaker {
  return {
    kind: breaker.kind === 'open' ? 'open' : kind,
    untilMs: Math.max(breaker.untilMs, nowMs + forMs),
    opened: Math.max(breaker.opened, opened),
  };
}

/**
 * Whether a block is another one than that which was got over here, as the broker may tell of that one for a while. While a
 * destination is probed its block does not end, so the end says nothing.
 */
function isNews({ kind, forMs, opened }: Block, openedBefore: number): boolean {
  return opened > openedBefore || (kind === 'paused' && forMs > 0);
}
