/**
 * How fast what is parked is fetched while others have traffic. Pure.
 *
 * What was parked has waited already, and its destination's window may take more than this machine has to spare: others would
 * wait for it. So it takes what is left over, as LEDBAT does among transports (RFC 6817): it goes faster as long as claims of what
 * is ready are answered as quickly as usual, and slower when they are not. Broker, network and main thread have a part in that,
 * and where anything of this machine is short it shows at once. Measured on two cores with 12 800 other deliveries a second: three
 * of four claims were answered within 0.28 ms; beside 8 000 a second that were parked before within 0.34; at full speed, 20 000,
 * within 1.2, and then the others' p99 was more than twice as high. The mean and the median say less.
 *
 * What is usual is learnt while nothing is fetched, less at once and more by and by. As a backlog may take hours, it is learnt anew
 * now and then while less is fetched for a moment (as in LEDBAT++, draft-irtf-iccrg-ledbat-plus-plus §4.4), or it would come to be
 * what the drain makes of it; by all workers at once, by the clock on the wall, or each would learn what the others' drains make of
 * it. Claims also take longer where they bring more or larger deliveries: then drains go slower until that is what is usual.
 *
 *                 some is fetched                    claims take longer
 *   ┌─────────┐ ──────────────────► ┌──────────┐ ──────────────────────► ┌───────────┐
 *   │ resting │   usual is known    │ starting │                         │ following │ faster by a tenth,
 *   └─────────┘                     └──────────┘ ◄─ twice as fast        └───────────┘ or slower, each epoch
 *        │                               ▲ each epoch                       │     ▲
 *        │ it is not                     │ from the least        for a time │     │ as fast as before
 *        │                          ┌─────────┐ ◄───────────────────────────┘     │
 *        └────────────────────────► │ slowing │ ──────────────────────────────────┘
 *                                   └─────────┘ learns what is usual
 *
 * Where it is starting for long, it is slowing now and then too. From each state to resting when nothing was fetched for an epoch,
 * or there is nobody to make way for: next to nothing is ready, or nothing for destinations without a backlog.
 */

/** What is seen is judged after so long, in milliseconds: some hundred claims where there is traffic. At most: where there is little. */
const EPOCH_MS = 250;
const EPOCH_MAX_MS = 1_000;
/** Fewer claims than this say little: they are judged only where no more come in the longest epoch, though there is enough to claim. */
const CLAIMS_LEAST = 8;
/** The share of claims whose time is looked at: three of four take no longer. */
const QUARTILE = 0.75;
/** How many times the usual time claims may take. Undisturbed epochs differ by a tenth, and what is usual is nearer to the least of them. */
const BEARABLE = 1.3;
/** What a pace is multiplied with in an epoch: until claims first take longer, after that, and at least when they do. */
const STARTING_GROWTH = 2;
const GROWTH = 1.1;
const SLOWEST = 0.5;
/** A pace of which less than this share was used says nothing of whether more could be borne. */
const USED = 0.5;
/**
 * How often what is usual is learnt anew, in milliseconds, and for how many epochs that slows the pace: in all but the last, what was
 * under way comes to its end, and workers whose clocks differ somewhat have slowed down as well.
 */
const SLOWING_EVERY_MS = 30_000;
const SLOWING_EPOCHS = 3;
/** Weights in what is usual of an epoch in which claims took longer: while nothing is fetched, and when it is learnt anew. */
const WEIGHT_RESTING = 1 / 8;
const WEIGHT_SLOWING = 1 / 2;
/**
 * The pace is never less than this many a second, nor than a share of what others are sent: a quarter, as a destination keeps a
 * quarter of the slots; or for each destination that drains twice what one of the others is sent, but all together no more than
 * those. Else what is published for one in the meantime, and has to queue behind what is parked, might be more than what leaves.
 */
const LEAST_PER_SECOND = 256;
const LEAST_SHARE = 0.25;
const LEAST_MEANS = 2;
/** How long a destination counts as one that drains, in milliseconds. */
const DRAINING_MS = 2_000;
/** What may be fetched is earned so often, in milliseconds, that claims are worth a round trip; and at most twice that is saved up. */
const BATCH_MS = 10;

type State =
  | { readonly kind: 'resting' }
  | { readonly kind: 'starting'; readonly sinceWallMs: number }
  /** `sinceWallMs`: epoch milliseconds. */
  | { readonly kind: 'following'; readonly sinceWallMs: number }
  /** `perSecond`: the pace to go on with; null where there has been none. */
  | { readonly kind: 'slowing'; readonly epochs: number; readonly perSecond: number | null };

/** What was seen in an epoch. */
interface Seen {
  readonly wallMs: number;
  /** The time within which three of four claims were answered. */
  readonly tookMs: number;
  readonly leastPerSecond: number;
  readonly hasFetched: boolean;
  /** Whether the pace was used. */
  readonly isUsed: boolean;
}

const RESTING: State = { kind: 'resting' };

export class DrainPace {
  readonly #others: () => number;
  readonly #wallMs: () => number;
  #state: State = RESTING;
  /** What may be fetched, per second. Infinite where there is nobody to make way for. */
  #perSecond = Number.POSITIVE_INFINITY;
  /** The time within which three of four claims are answered when nothing is fetched, in milliseconds; null while unknown. */
  #usualMs: number | null = null;
  /** What may be fetched now, and when the last of that was earned, in monotonic milliseconds. */
  #allowed = 0;
  #earnedMs = 0;
  /** In this epoch: since when, what claims took, deliveries claimed, and fetched. */
  #sinceMs = 0;
  #tookMs: number[] = [];
  #claimed = 0;
  #fetched = 0;
  /** Whether nothing was ready at the last claim. */
  #isEmpty = true;
  /** Destinations for which some was fetched, in this period and in the one before. */
  #draining = new Set<string>();
  #drainingBefore = new Set<string>();
  #drainingSinceMs = 0;

  /** `others`: destinations that have been sent anything of late and have nothing parked. `wallMs`: epoch milliseconds. */
  constructor(others: () => number, wallMs: () => number) {
    this.#others = others;
    this.#wallMs = wallMs;
  }

  /** A claim of what is ready was answered after `ms`, with so many deliveries. */
  took(count: number, ms: number): void {
    this.#isEmpty = count === 0;
    if (this.#isEmpty) return;
    this.#claimed += count;
    this.#tookMs.push(ms);
  }

  /** So many are about to be fetched for a destination. */
  fetched(destination: string, count: number): void {
    this.#allowed -= count;
    this.#fetched += count;
    this.#draining.add(destination);
  }

  /** So many of those that were fetched were not there. */
  missed(count: number): void {
    this.#allowed += count;
    this.#fetched -= count;
  }

  /** How many may be fetched now. `nowMs`: monotonic milliseconds. */
  allowed(nowMs: number): number {
    this.#turnOver(nowMs);
    if (this.#perSecond === Number.POSITIVE_INFINITY) return this.#perSecond;
    const sinceMs = nowMs - this.#earnedMs;
    if (sinceMs >= BATCH_MS) {
      const most = (this.#perSecond * BATCH_MS * 2) / 1_000;
      this.#allowed = Math.min(most, Math.max(0, this.#allowed) + (this.#perSecond * sinceMs) / 1_000);
      this.#earnedMs = nowMs;
    }
    return Math.max(0, Math.floor(this.#allowed));
  }

  #turnOver(nowMs: number): void {
    const lastedMs = nowMs - this.#sinceMs;
    const isLittle = this.#tookMs.length < CLAIMS_LEAST;
    if (lastedMs < (isLittle ? EPOCH_MAX_MS : EPOCH_MS)) return;
    if ((isLittle && this.#isEmpty) || this.#others() === 0) this.#go(RESTING, Number.POSITIVE_INFINITY);
    else if (this.#tookMs.length > 0) this.#judge(this.#seen(lastedMs));
    else return;
    this.#sinceMs = nowMs;
    this.#tookMs = [];
    this.#claimed = this.#fetched = 0;
    if (nowMs - this.#drainingSinceMs < DRAINING_MS) return;
    this.#drainingSinceMs = nowMs;
    this.#drainingBefore = this.#draining;
    this.#draining = new Set();
  }

  #seen(lastedMs: number): Seen {
    const sorted = this.#tookMs.sort((a, b) => a - b);
    const othersPerSecond = (this.#claimed * 1_000) / lastedMs;
    const draining = Math.max(this.#draining.size, this.#drainingBefore.size);
    const leastShare = Math.min(1, Math.max(LEAST_SHARE, (LEAST_MEANS * draining) / this.#others()));
    return {
      wallMs: this.#wallMs(),
      tookMs: sorted[Math.floor(sorted.length * QUARTILE)]!,
      leastPerSecond: Math.max(LEAST_PER_SECOND, leastShare * othersPerSecond),
      hasFetched: this.#fetched > 0,
      isUsed: this.#fetched * 1_000 >= USED * this.#perSecond * lastedMs,
    };
  }

  #judge(seen: Seen): void {
    const { leastPerSecond, wallMs } = seen;
    const state = this.#state;
    if (!seen.hasFetched) {
      this.#learn(seen, WEIGHT_RESTING);
      this.#go(RESTING, leastPerSecond);
      return;
    }
    switch (state.kind) {
      case 'resting':
        if (this.#usualMs === null) this.#slow(null, seen);
        else this.#go({ kind: 'starting', sinceWallMs: wallMs }, leastPerSecond);
        return;
      case 'starting':
        if (isTimeToSlow(state.sinceWallMs, wallMs)) this.#slow(this.#perSecond, seen);
        else if (this.#isBearable(seen)) this.#go(state, this.#faster(seen, STARTING_GROWTH));
        else this.#go({ kind: 'following', sinceWallMs: wallMs }, this.#slower(seen));
        return;
      case 'following':
        if (isTimeToSlow(state.sinceWallMs, wallMs)) this.#slow(this.#perSecond, seen);
        else this.#go(state, this.#isBearable(seen) ? this.#faster(seen, GROWTH) : this.#slower(seen));
        return;
      case 'slowing':
        if (state.epochs > 1) this.#go({ ...state, epochs: state.epochs - 1 }, leastPerSecond);
        else {
          this.#learn(seen, WEIGHT_SLOWING);
          if (state.perSecond === null) this.#go({ kind: 'starting', sinceWallMs: wallMs }, leastPerSecond);
          else
            this.#go({ kind: 'following', sinceWallMs: wallMs }, Math.max(leastPerSecond, state.perSecond));
        }
        return;
      default:
        state satisfies never;
    }
  }

  #go(state: State, perSecond: number): void {
    this.#state = state;
    this.#perSecond = perSecond;
  }

  #slow(perSecond: number | null, { leastPerSecond }: Seen): void {
    this.#go({ kind: 'slowing', epochs: SLOWING_EPOCHS, perSecond }, leastPerSecond);
  }

  #learn({ tookMs }: Seen, weight: number): void {
    const usualMs = this.#usualMs ?? tookMs;
    this.#usualMs = tookMs < usualMs ? tookMs : usualMs + (tookMs - usualMs) * weight;
  }

  #isBearable({ tookMs }: Seen): boolean {
    return tookMs <= this.#usualMs! * BEARABLE;
  }

  #faster({ isUsed, leastPerSecond }: Seen, growth: number): number {
    return Math.max(leastPerSecond, isUsed ? this.#perSecond * growth : this.#perSecond);
  }

  #slower({ tookMs, leastPerSecond }: Seen): number {
    const factor = Math.max(SLOWEST, (this.#usualMs! * BEARABLE) / tookMs);
    return Math.max(leastPerSecond, this.#perSecond * factor);
  }
}

/** Whether such a time lies between these two, or the clock has been set. */
function isTimeToSlow(sinceWallMs: number, wallMs: number): boolean {
  return Math.floor(sinceWallMs / SLOWING_EVERY_MS) !== Math.floor(wallMs / SLOWING_EVERY_MS);
}
