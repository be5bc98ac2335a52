/** How slots were used in a round, and what attempts took that ended in it; see sizing.ts. Pure. */

/** What the dispatcher tells of its slots at a moment. */
export interface SlotUse {
  /** Deliveries wait for slots, or for a larger share of them, and nothing else. */
  readonly isShort: boolean;
  /** Slots that nothing is given to. */
  readonly idle: number;
}

export interface Look extends SlotUse {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Share of the time since the last look in which the engine's threads, or its main thread, had something to do. */
  readonly busyShare: number;
}

/** A round lasts so long at least, in milliseconds: many looks, and thousands of quick attempts. At most: as long as an attempt may. */
const ROUND_MS = 1_000;
const ROUND_MAX_MS = 15_000;
/** Slots are short in a round in which they were at so many of the looks. */
const MOSTLY = 0.8;
/** From this share of the time on the processors are the limit. */
const BUSY_SHARE = 0.95;
/** Fewer attempts, as a share, tell nothing of how long all of them take. */
const COMPARED_LEAST = 0.1;
/** What attempts took that ended in a round. */
export class SlotMeter {
  /** What attempts took on average when what is usual was fixed, in milliseconds: not learnt anew until then; null where it is. */
  #fixedMs: number | null = null;
  #ended = 0;
  /** What attempts took, and the squares of that. */
  tookMs = 0;
  tookSquares = 0;
  /** What those took that end at destinations of which it is known what they usually take, and that. */
  #compared = 0;
  #comparedMs = 0;
  #usualMs = 0;

  ended(lane: { readonly slotMs: number; usualMs: number }, latencyMs: number): void {
    if (this.#fixedMs === null) lane.usualMs = lane.slotMs;
    this.#ended++;
    this.tookMs += latencyMs;
    this.tookSquares += latencyMs * latencyMs;
    if (lane.usualMs === 0) return;
    this.#compared++;
    this.#comparedMs += latencyMs;
    this.#usualMs += lane.usualMs;
  }

  /**
   * How many times longer than usual attempts took. Where nearly all are of new destinations, it is compared with what all took on
   * average: taken for what they take now, they would hide that all take longer.
   */
  get stretch(): number {
    if (this.#compared >= COMPARED_LEAST * this.#ended && this.#usualMs > 0)
      return this.#comparedMs / this.#usualMs;
    return this.#fixedMs === null || this.#ended === 0 ? 1 : this.tookMs / (this.#ended * this.#fixedMs);
  }

  /** Whether what destinations usually take stays as it is from now on. */
  fix(isFixed: boolean): void {
    if (!isFixed) this.#fixedMs = null;
    else this.#fixedMs ??= this.tookMs / Math.max(1, this.#ended);
  }

  /** A round begins. */
  clear(): void {
    this.tookMs = this.tookSquares = this.#comparedMs = this.#usualMs = 0;
    this.#ended = this.#compared = 0;
  }
}

/** What is seen in a round. */
export class Round {
  readonly #meter: SlotMeter;
  readonly #sinceMs: number;
  #looks = 0;
  #shortLooks = 0;
  #busyShares = 0;
  #used = 0;
  /** Most slots in use. */
  mostUsed = 0;

  constructor(meter: SlotMeter, sinceMs: number) {
    this.#meter = meter;
    this.#sinceMs = sinceMs;
    meter.clear();
  }

  look({ isShort, busyShare }: Look, used: number): void {
    this.#looks++;
    if (isShort) this.#shortLooks++;
    this.#busyShares += busyShare;
    this.#used += used;
    this.mostUsed = Math.max(this.mostUsed, used);
  }

  get isShort(): boolean {
    return this.#shortLooks >= MOSTLY * this.#looks;
  }

  get isBusy(): boolean {
    return this.#busyShares >= BUSY_SHARE * this.#looks;
  }

  /** What the slots did: as many as were in use, if attempts took what is usual. */
  get work(): number {
    const { tookMs, stretch } = this.#meter;
    return tookMs === 0 ? 0 : this.#used / this.#looks / stretch;
  }

  /** For how long slots were held: on average over slots, and not over attempts. */
  get heldMs(): number {
    const { tookMs, tookSquares } = this.#meter;
    return tookMs === 0 ? ROUND_MAX_MS : tookSquares / tookMs;
  }

  isOver(nowMs: number, leastMs: number): boolean {
    const lastedMs = nowMs - this.#sinceMs;
    if (lastedMs < ROUND_MS) return false;
    return this.#shortLooks === 0 || lastedMs >= Math.min(ROUND_MAX_MS, Math.max(leastMs, this.heldMs));
  }
}
