/**
 * What the dispatcher and the broker tell each other, for all workers of the queue have a part in it: blocks, probes, leave to
 * send under a rate limit, and what is parked. Pure: the caller asks the broker, and says what it answered.
 *
 * Each wish is told once, and the caller asks the broker until that has answered; new ones are to be asked for after each `assign`.
 */
import type { Block, ProbeAnswer, TokenGrant, TokenWish } from '../broker/broker.ts';
import { UNBLOCKED } from './breaker.ts';
import type { Egress } from './egress.ts';
import type { Dispatchable } from './lane.ts';
import { type Lanes, NAMELESS } from './lanes.ts';
import { TurnedAway } from './turned-away.ts';
import type { Drain } from './wishes.ts';

/** Most wishes of a kind that are told at once, so that 100 000 destinations cost little: the others come with the next calls. */
export const WISHES_MAX = 64;

export class Exchange {
  readonly #lanes: Lanes<Dispatchable>;
  readonly #egress: Egress | null;
  readonly #turnedAway = new TurnedAway();

  constructor(lanes: Lanes<Dispatchable>, egress: Egress | null) {
    this.#lanes = lanes;
    this.#egress = egress;
  }

  /** Another worker has blocked a destination, or this one did before it was started. Answers whether the caller parks what waits. */
  blocked(destination: string, block: Block): boolean {
    if (destination === NAMELESS) return false;
    const lane = this.#lanes.of(destination);
    this.#lanes.turn(lane, { kind: 'blocked', block });
    // Also one that was blocked may hold a delivery: its probe, which was not sent as long as it had leave.
    return lane.waiting > 0 && lane.limit(this.#lanes.nowMs()) === 0;
  }

  /** The broker holds a destination blocked no more. */
  unblocked(destination: string): void {
    const lane = this.#lanes.get(destination);
    if (lane !== undefined) this.#lanes.turn(lane, UNBLOCKED);
  }

  /**
   * Destinations for which leave to probe is to be asked: their cool-off is over, or the leave that they had, and they have
   * something to send. `probeAnswered` answers each.
   */
  probesDue(): string[] {
    return this.#lanes.probes(WISHES_MAX);
  }

  /** `untilMs`: until when a probe may be sent where it is granted, in monotonic milliseconds. */
  probeAnswered(destination: string, answer: ProbeAnswer, untilMs: number): void {
    const lane = this.#lanes.get(destination);
    if (lane === undefined) return;
    lane.probeAsked = false;
    this.#lanes.turn(lane, answer.kind === 'granted' ? { kind: 'granted', untilMs } : answer);
  }

  /** Leave to send that is to be asked for. `granted` answers each. */
  wishes(): TokenWish[] {
    return this.#lanes.tokens(WISHES_MAX);
  }

  granted(destination: string, grant: TokenGrant): void {
    const lane = this.#lanes.get(destination);
    if (lane === undefined || lane.tokens === null) return;
    const nowMs = this.#lanes.nowMs();
    lane.tokens.grant(grant, nowMs);
    if (lane.limit(nowMs) === 0) lane.tokens.drop();
    this.#lanes.tokensChanged(lane, nowMs);
  }

  /**
   * Whether a destination has deliveries parked in the broker, as far as is known: while it has, they go before others. To
   * be said also of what was parked here, once the broker has it. Of a disabled destination none are to be sent, and it is not said.
   */
  setParked(destination: string, isParked: boolean): void {
    if (destination === NAMELESS) return;
    const lane = isParked ? this.#lanes.of(destination) : this.#lanes.get(destination);
    if (lane === undefined) return;
    lane.parked = isParked;
    lane.parkedAnew = isParked && lane.fetching > 0;
    this.#lanes.goOn(lane, this.#lanes.nowMs());
    this.#lanes.forgetIfIdle(lane);
  }

  /** What came for a destination was not taken, but parked: it is disabled, blocked, or has something parked that goes first. */
  turnedAway(destination: string): void {
    if (destination !== NAMELESS) this.#turnedAway.note(destination);
  }

  /** Destinations whose deliveries may as well be parked before they come here. `isDisabled`: whether a destination is. */
  toPass(isDisabled: (destination: string) => boolean): readonly string[] {
    const nowMs = this.#lanes.nowMs();
    return this.#turnedAway.still(
      (destination) => isDisabled(destination) || this.#lanes.get(destination)?.takes(false, nowMs) === false,
    );
  }

  /**
   * What to fetch of what is parked, of so many destinations at most, and so many deliveries of each. `drained` answers each, and
   * then what was fetched is added.
   */
  drains(most = WISHES_MAX, mostOfEach = Number.POSITIVE_INFINITY): Drain[] {
    return this.#lanes.drains(most, mostOfEach);
  }

  /** So many have been fetched. 0: nothing is parked any more, until `setParked` says otherwise. */
  drained(destination: string, fetched: number): void {
    const lane = this.#lanes.get(destination);
    if (lane === undefined) return;
    lane.fetching = 0;
    // What was parked since then may have come behind what was fetched.
    if (fetched === 0 && !lane.parkedAnew) lane.parked = false;
    lane.parkedAnew = false;
    this.#lanes.goOn(lane, this.#lanes.nowMs());
    this.#lanes.forgetIfIdle(lane);
  }

  /** When something that is blocked, out of leave, or over the cap may go on, in monotonic milliseconds; null when there is none. */
  nextChangeMs(): number | null {
    const laneMs = this.#lanes.nextChangeMs;
    const resumesMs = this.#lanes.round.isEmpty ? null : (this.#egress?.resumesMs ?? null);
    return laneMs === null || resumesMs === null ? (laneMs ?? resumesMs) : Math.min(laneMs, resumesMs);
  }
}
