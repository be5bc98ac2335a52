/** What the engine decides about the demo's events, and what the broker says of their destinations: in total and per receiver. */
import type { Standing } from '../../broker/broker.ts';
import type { Settled } from '../../engine.ts';
import { ABSENT, CAST } from './cast.ts';
import { type Count, Counter } from './counter.ts';
import { destinationsOf } from './events.ts';

/** The state of a run at one moment. */
export interface Progress {
  readonly events: number;
  readonly elapsedMs: number;
  readonly total: Count;
  /** How many events the absent receiver was owed when it came up; null while it is not there. */
  readonly owedAtReturn: number | null;
  /** In the order of the cast. */
  readonly receivers: readonly Count[];
}

export class Tally {
  readonly events: number;
  readonly #nowMs: () => number;
  readonly #startedMs: number;
  readonly #total = new Counter();
  readonly #receivers = CAST.map(() => new Counter());
  readonly #byDestination: ReadonlyMap<string, Counter>;
  /** How often each destination's breaker has opened in a row, as the broker last said. */
  readonly #opened = new Map<string, number>();
  #endedAtMs = 0;
  #owedAtReturn: number | null = null;
  #awaited: { readonly isSo: () => boolean; readonly resolve: () => void } | null = null;

  /** `events`: how many there will be. `nowMs`: a monotonic clock. */
  constructor(events: number, nowMs: () => number) {
    this.events = events;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
    this.#byDestination = new Map(
      CAST.flatMap((role, index) =>
        destinationsOf(role).map((destination) => [destination, this.#receivers[index]!]),
      ),
    );
  }

  /** When an event was last delivered or found dead, in milliseconds since the start. */
  get endedAtMs(): number {
    return this.#endedAtMs;
  }

  get elapsedMs(): number {
    return this.#nowMs() - this.#startedMs;
  }

  /** An event for this role of the cast is with the broker. */
  published(role: number): void {
    this.#total.published++;
    this.#receivers[role]!.published++;
  }

  settled({ destination, kind }: Settled): void {
    const atMs = this.elapsedMs;
    if (kind === 'delivered' || kind === 'dead') this.#endedAtMs = atMs;
    this.#total.add(kind, atMs);
    this.#byDestination.get(destination)?.add(kind, atMs);
    this.#look();
  }

  /** The broker has said how destinations stand: all of which there is anything to say. */
  stand(standings: readonly Standing[]): void {
    const receiverOf = ({ destination }: Standing) => this.#byDestination.get(destination);
    this.#total.stand(standings);
    for (const receiver of this.#receivers)
      receiver.stand(standings.filter((standing) => receiverOf(standing) === receiver));
    const before = new Map(this.#opened);
    this.#opened.clear();
    for (const standing of standings) {
      const { destination, block } = standing;
      const opened = block?.opened ?? 0;
      this.#opened.set(destination, opened);
      const more = Math.max(0, opened - (before.get(destination) ?? 0));
      this.#total.opened += more;
      receiverOf(standing)!.opened += more;
    }
    this.#look();
  }

  /** The absent receiver has come up. */
  returned(): void {
    this.#owedAtReturn = this.#receivers[ABSENT]!.outstanding;
  }

  /** Resolves when fewer than this many events are under way: outstanding, and not parked. */
  whenUnderWayBelow(below: number): Promise<void> {
    return this.#when(() => this.#total.underWay < below);
  }

  /** Resolves when nothing is outstanding but what is owed to the absent receiver. */
  whenOnlyAbsentIsOwed(): Promise<void> {
    return this.#when(() => this.#total.outstanding === this.#receivers[ABSENT]!.outstanding);
  }

  whenNothingIsOwed(): Promise<void> {
    return this.#when(() => this.#total.outstanding === 0);
  }

  /** One may wait at a time. */
  async #when(isSo: () => boolean): Promise<void> {
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      this.#awaited = { isSo, resolve };
    });
  }

  #look(): void {
    if (this.#awaited?.isSo() !== true) return;
    this.#awaited.resolve();
    this.#awaited = null;
  }

  progress(): Progress {
    const elapsedMs = this.elapsedMs;
    return {
      events: this.events,
      elapsedMs,
      total: this.#total.count(elapsedMs),
      owedAtReturn: this.#owedAtReturn,
      receivers: this.#receivers.map((receiver) => receiver.count(elapsedMs)),
    };
  }
}
