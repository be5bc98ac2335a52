/**
 * Runs the dispatcher's errands to the broker: the dispatcher is pure and only says what it wants, which is leave for a
 * probe, leave to send under a rate limit, and deliveries that are parked. Each is asked for until it is answered.
 */
import timers from 'node:timers/promises';
import type { Broker, Claim, ProbeAnswer, TokenGrant, TokenWish } from './broker/broker.ts';
import type { Credit } from './reserve/credit.ts';
import type { DrainPace } from './reserve/drain-pace.ts';

/** The part of the dispatcher that has errands. */
export interface Desk {
  probesDue(): readonly string[];
  /** `untilMs`: until when a probe that is granted may be sent, in monotonic milliseconds. */
  probeAnswered(destination: string, answer: ProbeAnswer, untilMs: number): void;
  wishes(): readonly TokenWish[];
  granted(destination: string, grant: TokenGrant): void;
  /** What to fetch of what is parked, of so many destinations at most, and so many deliveries of each. */
  drains(
    most: number,
    mostOfEach: number,
  ): readonly { readonly destination: string; readonly count: number; readonly bytes: number }[];
  drained(destination: string, fetched: number): void;
  /** Monotonic milliseconds, or null. */
  nextChangeMs(): number | null;
}

export interface ErrandsParts {
  readonly broker: Pick<Broker, 'askProbe' | 'takeTokens' | 'reserveParked'>;
  readonly desk: Desk;
  /** What may be claimed of what is parked. */
  readonly credit: () => Credit;
  readonly pace: Pick<DrainPace, 'allowed' | 'fetched' | 'missed'>;
  /** Longest that an attempt lasts, in milliseconds. */
  readonly attemptMs: number;
  readonly onClaimed: (claims: readonly Claim[]) => void;
  /** Something may be sent that could not be before. */
  readonly onAnswered: () => void;
  readonly onFault: (error: unknown) => void;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  readonly random: () => number;
}

/** Waits after a fault, in milliseconds: doubling, plus jitter. */
const FAULT_FIRST_MS = 50;
const FAULT_MAX_MS = 2_000;
/** How long leave for a probe may be used to send one, in milliseconds: the first may come back untried, or none be at hand. */
const PROBE_SENT_MS = 4_000;
/** What a probe may take beyond an attempt's deadline until it is known to all how it went, in milliseconds. */
const PROBE_TOLD_MS = 1_000;
/** Longest that a timer is set for, in milliseconds: what is further off is looked at again then. */
const TIMER_MAX_MS = 60_000;
/** How long until it is looked whether more that is parked may be fetched, in milliseconds: nobody tells of credit, and the pace is by time. */
const CREDIT_MS = 50;
const PACE_MS = 10;

export class Errands {
  readonly #parts: ErrandsParts;
  readonly #underWay = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #timerMs: number | null = null;
  #fetchTimer: NodeJS.Timeout | undefined;
  /** What is being fetched, and so is not held yet, but will be. */
  #fetching: Credit = { count: 0, bytes: 0 };

  constructor(parts: ErrandsParts) {
    this.#parts = parts;
  }

  /** Sets out on whatever has come up. Cheap when that is nothing. */
  run(): void {
    if (this.#stop.signal.aborted) return;
    const { broker, desk } = this.#parts;
    // Before the wishes: a time that comes between two of them concerns also what has been asked for already.
    const changeMs = desk.nextChangeMs();
    for (const destination of desk.probesDue()) this.#askProbe(destination);
    const wishes = desk.wishes();
    if (wishes.length > 0)
      this.#ask(
        () => broker.takeTokens(wishes),
        (grants) => {
          for (const [i, grant] of grants.entries()) desk.granted(wishes[i]!.destination, grant);
        },
      );
    this.#drain();
    this.#setTimer(changeMs);
  }

  /** Resolves when nothing more will come back. */
  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#fetchTimer);
    await Promise.all(this.#underWay);
  }

  #askProbe(destination: string): void {
    const { broker, desk, attemptMs, nowMs } = this.#parts;
    let untilMs = 0;
    this.#ask(
      () => {
        // From before it is given, so that it is over here before another worker may have it.
        untilMs = nowMs() + PROBE_SENT_MS;
        return broker.askProbe(destination, PROBE_SENT_MS + attemptMs + PROBE_TOLD_MS);
      },
      (answer) => desk.probeAnswered(destination, answer, untilMs),
    );
  }

  #drain(): void {
    const { broker, desk, pace, onClaimed, nowMs } = this.#parts;
    let most = pace.allowed(nowMs());
    for (; most > 0 && this.#hasCredit(); most = pace.allowed(nowMs())) {
      const [drain] = desk.drains(1, most);
      if (drain === undefined) return;
      const { destination, count, bytes } = drain;
      pace.fetched(destination, count);
      this.#count(count, bytes);
      this.#ask(
        () => broker.reserveParked(destination, count, bytes),
        (claims) => {
          this.#count(-count, -bytes);
          pace.missed(count - claims.length);
          desk.drained(destination, claims.length);
          onClaimed(claims);
        },
      );
    }
    this.#fetchTimer ??= setTimeout(
      () => {
        this.#fetchTimer = undefined;
        this.run();
      },
      most > 0 ? CREDIT_MS : PACE_MS,
    );
  }

  #hasCredit(): boolean {
    const { count, bytes } = this.#parts.credit();
    return count > this.#fetching.count && bytes > this.#fetching.bytes;
  }

  #count(count: number, bytes: number): void {
    this.#fetching = { count: this.#fetching.count + count, bytes: this.#fetching.bytes + bytes };
  }

  #ask<Answer>(call: () => Promise<Answer>, onAnswer: (answer: Answer) => void): void {
    const asked = this.#untilAnswered(call)
      .then((answer) => {
        if (answer === null) return;
        onAnswer(answer.value);
        this.#parts.onAnswered();
      })
      .finally(() => this.#underWay.delete(asked));
    this.#underWay.add(asked);
  }

  /** Null when there is none before the stop. */
  async #untilAnswered<Answer>(call: () => Promise<Answer>): Promise<{ readonly value: Answer } | null> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        return { value: await call() };
      } catch (error) {
        this.#parts.onFault(error);
      }
      const waitMs = Math.min(FAULT_FIRST_MS * 2 ** failures, FAULT_MAX_MS) * (1 + this.#parts.random());
      await timers.setTimeout(waitMs, undefined, { signal }).catch(() => {});
    }
    return null;
  }

  /** Wakes when something that is blocked may go on. */
  #setTimer(changeMs: number | null): void {
    const { nowMs, onAnswered } = this.#parts;
    if (changeMs === this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = changeMs;
    if (changeMs === null) return;
    this.#timer = setTimeout(
      () => {
        this.#timerMs = null;
        onAnswered();
      },
      Math.min(TIMER_MAX_MS, Math.max(0, changeMs - nowMs())),
    );
  }
}
