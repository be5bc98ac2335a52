/**
 * How many slots there are, found out while the engine runs (`--concurrency auto`). Pure.
 *
 * By Little's law slots that are short give more when there are more of them, as long as attempts take no longer for it; and
 * nothing where something else is the limit, for then attempts take longer in proportion. Which it is, is found by trying: the slots
 * are doubled while deliveries wait for some that every window would let go, and stay so where that brings something. When it does
 * not, or this machine's processors are the limit, half of them are tried next, for what is in flight beyond what is needed only
 * waits for its turn.
 *
 *   ┌────────┐  short for a round   ┌───────────┐  doubled,   ┌──────────┐  2 × as long as    ┌────────┐
 *   │ steady │ ───────────────────► │ measuring │ ──────────► │ settling │ ─────────────────► │ trying │ ◄─┐ promising:
 *   └────────┘                      └───────────┘  or halved  └──────────┘  attempts take     └────────┘ ──┘ once more
 *       ▲                                 │                         ▲                             │
 *       │◄────────────────────────────────┘                         └─────────────────────────────┤
 *       │            not short any more                        it was good, and still short       │
 *       └─────────────────────────────────────────────────────────────────────────────────────────┘
 *         it was not: as before, and the other way after HOLD_MS, then twice that, …; or it is enough
 *
 * What slots do is the number of those in use, divided by how much longer attempts take than those of their destination usually do;
 * and what is usual is not learnt anew while sizes are compared. Counting attempts would not do: thousands of quick ones hide that
 * slow ones go twice as fast, and slow ones that began together end together, now twice in a round and now once.
 * A round lasts as long as what is in flight takes; what is promising and no more is measured in two.
 */

import { type Look, Round, SlotMeter } from './slot-round.ts';

export interface SizingParts {
  readonly threads: number;
  /** Slots of each thread: those that it starts with and keeps at least, and the most it may have. */
  readonly least: number;
  readonly most: number;
}

/** Twice the slots must bring so much; beyond that, what an M/M/1 queue would still give is less than a tenth in all. */
const GAIN_LEAST = 1.05;
/** What brings less than this is measured twice before it is believed: processors are others', too, by fits and starts. */
const GAIN_SURE = 1.5;
/** Half of the slots must do so much of the work. */
const LOSS_MOST = 0.95;
/** How long what brought nothing is not tried again, in milliseconds; then twice as long each time. */
const HOLD_MS = 30_000;
const HOLD_MAX_MS = 1_800_000;
/** The circumstances are others when attempts hold their slots so many times longer or shorter: then what was found out holds no more. */
const CHANGED = 1.3;
/** For so many rounds one after the other: a few attempts that hang, or those that end after a try, are no change. */
const CHANGED_ROUNDS = 3;
/** Slots of which less than a quarter has been used for so long are halved, in milliseconds. */
const SLACK_MS = 60_000;
const SLACK_SHARE = 0.25;

type State =
  | { readonly kind: 'steady' }
  | { readonly kind: 'measuring' }
  | { readonly kind: 'settling'; readonly from: Before }
  /** `isAgain`: what was measured was promising, and is measured once more. */
  | { readonly kind: 'trying'; readonly from: Before; readonly isAgain: boolean };

/** The slots before, what they did, and for how long they were held. */
interface Before {
  readonly slots: number;
  readonly work: number;
  readonly heldMs: number;
}

export class Sizing {
  readonly #threads: number;
  readonly #least: number;
  #most: number;
  #state: State = { kind: 'steady' };
  #round: Round | null = null;
  /** Whether fewer are to be tried next. */
  #isLessNext = false;
  #holdMs = HOLD_MS;
  #heldUntilMs = Number.NEGATIVE_INFINITY;
  /** For how long slots were held when their number was found; null when nothing has been found out. */
  #foundHeldMs: number | null = null;
  #changedRounds = 0;
  #slackSinceMs: number | null = null;
  readonly meter = new SlotMeter();
  slotsPerThread: number;

  constructor({ threads, least, most }: SizingParts) {
    this.#threads = threads;
    this.#least = least;
    this.#most = Math.max(least, most);
    this.slotsPerThread = least;
  }

  /** Of all threads. */
  get #slots(): number {
    return this.slotsPerThread * this.#threads;
  }

  get isSteady(): boolean {
    return this.#state.kind === 'steady';
  }

  /** To be called some ten times a second. Answers whether there are more or fewer slots from now on. */
  look(look: Look): boolean {
    const { nowMs } = look;
    this.#round ??= new Round(this.meter, nowMs);
    this.#round.look(look, this.#slots - look.idle);
    // Where twice the slots bring nothing, attempts take twice as long: before that has passed nothing is to be seen of it.
    const leastMs = this.#state.kind === 'settling' ? 2 * this.#state.from.heldMs : 0;
    if (!this.#round.isOver(nowMs, leastMs)) return false;
    const before = this.slotsPerThread;
    this.#state = this.#next(this.#round, nowMs);
    this.meter.fix(this.#state.kind !== 'steady');
    this.#round = null;
    return this.slotsPerThread !== before;
  }

  /** This machine lacks what slots need: there are half as many from now on, and never again more. */
  lacked(): void {
    this.#most = this.slotsPerThread = this.#halved();
    this.#state = { kind: 'steady' };
    this.meter.fix(false);
  }

  #next(round: Round, nowMs: number): State {
    const state = this.#state;
    switch (state.kind) {
      case 'steady':
        if (!round.isShort) this.#giveUpSlack(round, nowMs);
        else if (this.#mayTry(round, nowMs) && this.#other(round) !== null) return { kind: 'measuring' };
        return state;
      case 'measuring':
        return round.isShort ? this.#try(round, this.#now(round), nowMs) : { kind: 'steady' };
      case 'settling':
        return { kind: 'trying', from: state.from, isAgain: false };
      case 'trying':
        return this.#judge(state, round, nowMs);
      default:
        return state satisfies never;
    }
  }

  #mayTry({ heldMs }: Round, nowMs: number): boolean {
    this.#slackSinceMs = null;
    const found = this.#foundHeldMs;
    const isChanged = found !== null && (heldMs > found * CHANGED || heldMs * CHANGED < found);
    this.#changedRounds = isChanged ? this.#changedRounds + 1 : 0;
    if (this.#changedRounds === CHANGED_ROUNDS) this.#forget();
    return nowMs >= this.#heldUntilMs;
  }

  /** What has been found out holds no more. */
  #forget(): void {
    this.#foundHeldMs = null;
    this.#changedRounds = 0;
    this.#holdMs = HOLD_MS;
    this.#heldUntilMs = Number.NEGATIVE_INFINITY;
  }

  #now({ work, heldMs }: Round): Before {
    return { slots: this.slotsPerThread, work, heldMs };
  }

  /** What may be better; null when nothing is. */
  #other(round: Round): number | null {
    const { slotsPerThread } = this;
    const half = this.#halved();
    const isLess = round.isBusy || (this.#isLessNext && half < slotsPerThread);
    const other = isLess ? half : Math.min(this.#most, slotsPerThread * 2);
    return other === slotsPerThread ? null : other;
  }

  #halved(): number {
    return Math.max(this.#least, Math.ceil(this.slotsPerThread / 2));
  }

  #try(round: Round, from: Before, nowMs: number): State {
    const other = this.#other(round);
    if (other === null) return this.#found(round.heldMs, nowMs);
    this.slotsPerThread = other;
    return { kind: 'settling', from };
  }

  #judge(state: Extract<State, { kind: 'trying' }>, round: Round, nowMs: number): State {
    const { from, isAgain } = state;
    if (!round.isShort) return { kind: 'steady' };
    const isMore = this.slotsPerThread > from.slots;
    if (round.work >= from.work * (isMore ? GAIN_LEAST : LOSS_MOST)) {
      if (!isAgain && round.work < from.work * GAIN_SURE) return { ...state, isAgain: true };
      this.#forget();
      this.#isLessNext = !isMore;
      if (isMore && round.isBusy) return this.#found(round.heldMs, nowMs);
      // Halves are all compared with what the whole did, so that small losses do not add up.
      const next = isMore ? this.#now(round) : { ...from, slots: this.slotsPerThread };
      return this.#try(round, next, nowMs);
    }
    this.slotsPerThread = from.slots;
    this.#isLessNext = isMore;
    return this.#found(from.heldMs, nowMs);
  }

  #found(heldMs: number, nowMs: number): State {
    this.#foundHeldMs = heldMs;
    this.#heldUntilMs = nowMs + this.#holdMs;
    this.#holdMs = Math.min(HOLD_MAX_MS, this.#holdMs * 2);
    return { kind: 'steady' };
  }

  #giveUpSlack(round: Round, nowMs: number): void {
    const isSlack = this.slotsPerThread > this.#least && round.mostUsed < SLACK_SHARE * this.#slots;
    this.#slackSinceMs = isSlack ? (this.#slackSinceMs ?? nowMs) : null;
    if (this.#slackSinceMs === null || nowMs - this.#slackSinceMs < SLACK_MS) return;
    this.#slackSinceMs = null;
    this.slotsPerThread = this.#halved();
    this.#forget();
  }
}
