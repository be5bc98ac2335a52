/**
 * Whose turn it is: deficit round robin (Shreedhar and Varghese, 1996). Pure.
 *
 * In each pass every lane in the round has a turn, and is given one quantum of credit for it. A pass in which all lanes
 * only saved up is followed by as many quanta at once as the first of them lacks: the same as so many passes, at the cost of one.
 */
import { Ring } from '../runtime/ring.ts';
import type { Dispatchable, Lane } from './lane.ts';

/** Worth of one turn, in bytes, and what a delivery costs beside its own bytes: so that two of 1 KB go out per turn. */
const QUANTUM = 4_096;
const FIXED_COST = 1_024;
/**
 * What holding a slot for a millisecond costs, in bytes: 2 s are worth a body of 2 MB, the largest there is. The first FREE_MS
 * cost nothing, for they say more of this machine than of the destination; beyond COSTLY_MS it is no more either.
 */
const COST_PER_MS = 1_024;
const FREE_MS = 25;
const COSTLY_MS = 10_000;

export class Round<Delivery extends Dispatchable> {
  readonly #lanes = new Ring<Lane<Delivery>>();
  /** Quanta given to each lane since the beginning, and turns left in this pass. */
  #pass = 0;
  #left = 0;
  /** The lane whose turn was cut short because every place was taken. */
  #cutShort: Lane<Delivery> | null = null;
  /** In this pass: whether all of it is seen by the present call, whether anything was sent, and the least credit that a lane lacked. */
  #isWhole = false;
  #hasSent = false;
  #lacking = Number.POSITIVE_INFINITY;

  /** Lanes that want a turn. */
  get length(): number {
    return this.#lanes.length;
  }

  /** Whether no lane wants a turn, or the rest of one. */
  get isEmpty(): boolean {
    return this.#lanes.length === 0 && this.#cutShort === null;
  }

  enter(lane: Lane<Delivery>): void {
    if (lane.queued) return;
    lane.queued = true;
    lane.pass = this.#pass;
    this.#lanes.push(lane);
  }

  /** Places are to be given out. */
  begin(): void {
    this.#isWhole = false;
  }

  /** The lane whose turn it is, out of the round; null when all that are left keep to their limits. */
  next(): Lane<Delivery> | null {
    const resumed = this.#cutShort;
    if (resumed !== null) {
      this.#cutShort = null;
      return resumed;
    }
    if (this.#left === 0 && !this.#newPass()) return null;
    this.#left--;
    const lane = this.#lanes.shift()!;
    lane.deficit += (this.#pass - lane.pass) * QUANTUM;
    lane.pass = this.#pass;
    return lane;
  }

  /** A lane's turn is not over: it goes on when places are free again. */
  cutShort(lane: Lane<Delivery>): void {
    this.#cutShort = lane;
  }

  /** A lane's turn is over. `sent`: how many; `isFull`: whether it is at its limit. */
  end(lane: Lane<Delivery>, sent: number, isFull: boolean): void {
    lane.queued = false;
    if (sent > 0) this.#hasSent = true;
    const next = lane.peek();
    // A lane saves up for a large delivery, not for having been held back or empty.
    if (isFull || next === undefined) lane.deficit = 0;
    else this.#lacking = Math.min(this.#lacking, costOf(next, lane) - lane.deficit);
  }

  clear(): void {
    for (let lane = this.#lanes.shift(); lane !== undefined; lane = this.#lanes.shift()) lane.queued = false;
    if (this.#cutShort !== null) this.#cutShort.queued = false;
    this.#cutShort = null;
    this.#left = 0;
  }

  #newPass(): boolean {
    if (this.#lanes.length === 0) return false;
    const isIdle = this.#isWhole && !this.#hasSent;
    if (isIdle && this.#lacking === Number.POSITIVE_INFINITY) return false;
    this.#pass += isIdle ? Math.max(1, Math.ceil(this.#lacking / QUANTUM)) : 1;
    this.#left = this.#lanes.length;
    this.#isWhole = true;
    this.#hasSent = false;
    this.#lacking = Number.POSITIVE_INFINITY;
    return true;
  }
}

/** What a delivery costs: its bytes, and the time for which it is expected to hold a slot. */
export function costOf(delivery: Dispatchable, { slotMs }: Lane<Dispatchable>): number {
  const heldMs = slotMs > FREE_MS ? Math.min(slotMs, COSTLY_MS) - FREE_MS : 0;
  return delivery.bytes + FIXED_COST + heldMs * COST_PER_MS;
}
