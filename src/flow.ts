/**
 * Deliveries between their claim and their settlement: waiting in a lane, or in flight under a number.
 * Decides nothing itself; it asks the dispatcher what to send, and the retry policy what an outcome means.
 */
import type { Block, Claim, Settlement } from './broker/broker.ts';
import { peekDestination } from './delivery/envelope.ts';
import type { LocalCode } from './delivery/outcome.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import { DELIVERED, type Ending, endingOf, UNTRIED } from './dispatch/ending.ts';
import type { Room } from './dispatch/overflow.ts';
import { Quarantine } from './dispatch/quarantine.ts';
import type { Change } from './dispatch/standing.ts';
import { type Endings, type Held, UNREADABLE } from './endings.ts';
import type { AttemptPool, Parcel, PoolEvents } from './pool/attempt-pool.ts';
import type { Logger } from './record/log.ts';
import { Holdings } from './reserve/credit.ts';
import { Numbered } from './runtime/numbered.ts';
import type { FailedAttempt } from './thread/messages.ts';

export interface FlowParts {
  readonly threads: number;
  readonly dispatcher: Dispatcher<Delivery>;
  readonly pool: AttemptPool;
  readonly endings: Endings;
  /** Whether a destination's deliveries are to be parked. */
  readonly isDisabled: (destination: string) => boolean;
  /** Something has ended, so that more may be claimed. */
  readonly onProgress: () => void;
  /** What can be sent has been sent: the dispatcher may have errands. */
  readonly onSent: () => void;
  /** A destination has been blocked by how its attempts ended, or is no more. */
  readonly onChange: (destination: string, change: Change) => void;
  /** The room for claims. */
  readonly room: () => Room;
  /** An attempt has met a fault of this side. */
  readonly onLocalFault: (code: LocalCode) => void;
  readonly log: Logger;
}

export interface Delivery extends Held {
  readonly bytes: number;
  readonly wasParked: boolean;
  /** Its number and its thread while it is in flight. */
  number: number;
  thread: number;
}

/** The period over which a thread's pace is judged, in milliseconds: how long a delivery may be expected to wait in a thread for a slot. */
const PACE_MS = 20;
/** What a claimed delivery costs in memory beside its envelope, in bytes. */
const DELIVERY_BYTES = 512;

export class Flow implements PoolEvents {
  readonly #parts: FlowParts;
  readonly #dispatcher: Dispatcher<Delivery>;
  readonly #quarantine = new Quarantine<Delivery>();
  readonly #inFlight = new Numbered<Delivery>();
  /** What goes to each thread in this turn. */
  readonly #batches: Parcel[][];
  /** What is claimed and not yet given to the settler, and the memory that it takes. */
  readonly holdings = new Holdings();
  #pace: NodeJS.Timeout | undefined;
  #sending = true;
  #onNothingInFlight: (() => void) | null = null;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.#dispatcher = parts.dispatcher;
    this.#batches = Array.from({ length: parts.threads }, () => []);
  }

  /** Begins to send. */
  start(): void {
    this.#pace = setInterval(() => {
      this.#dispatcher.turnOver();
      // Also where nothing comes back, as from a destination that hangs, and room for claims is gone.
      this.#relieve();
    }, PACE_MS).unref();
  }

  /** Attempts in flight. */
  get inFlight(): number {
    return this.#inFlight.count;
  }

  /** Claimed and not yet sent. */
  get waiting(): number {
    return this.#dispatcher.waiting + this.#quarantine.waiting;
  }

  /** Claimed and not yet given to the settler. */
  get held(): number {
    return this.holdings.count;
  }

  /** `wereParked`: whether they come from what was parked, and not from what is ready. */
  add(claims: readonly Claim[], wereParked = false): void {
    for (const claim of claims) {
      const destination = peekDestination(claim.envelope) ?? UNREADABLE;
      const bytes = claim.envelope.length;
      const delivery: Delivery = { claim, destination, bytes, wasParked: wereParked, number: -1, thread: -1 };
      this.holdings.take(bytes + DELIVERY_BYTES, wereParked);
      this.#admit(delivery, wereParked);
    }
    this.send();
  }

  /** The rules of destinations may have changed: what waits for one of them may go. */
  reconfigure(): void {
    this.#dispatcher.reconfigure();
    this.send();
  }

  /** Sends nothing more, and hands back what waits. */
  stopSending(): void {
    this.#sending = false;
    clearInterval(this.#pace);
    this.releaseWaiting();
  }

  /** As `stopSending`, and cuts short what is in flight. */
  handBack(): void {
    this.stopSending();
    if (this.inFlight > 0) this.#parts.pool.handBack();
  }

  /** Hands back what waits; answers how many. */
  releaseWaiting(): number {
    const waiting = [...this.#dispatcher.clear(), ...this.#quarantine.clear()];
    for (const delivery of waiting) this.#release(delivery);
    return waiting.length;
  }

  async whenNothingInFlight(): Promise<void> {
    while (this.inFlight > 0)
      await new Promise<void>((resolve) => {
        this.#onNothingInFlight = resolve;
      });
  }

  /** Parks what waits for a destination that has been disabled. */
  parkWaiting(destination: string): void {
    this.#parkLane(destination);
    // Of what is parked nothing is to be fetched until it is enabled.
    this.#dispatcher.exchange.setParked(destination, false);
  }

  /** The broker has parked so many for a destination before they came here. */
  passed(destination: string, count: number): void {
    this.#parts.endings.passed(destination, count);
    if (!this.#parts.isDisabled(destination)) this.#dispatcher.exchange.setParked(destination, true);
  }

  /** The broker has taken settlements: what is parked is worth fetching from now on. */
  applied(settlements: readonly Settlement[]): void {
    const parked = new Set<string>();
    for (const settlement of settlements) if (settlement.kind === 'park') parked.add(settlement.destination);
    for (const destination of parked)
      if (!this.#parts.isDisabled(destination)) this.#dispatcher.exchange.setParked(destination, true);
    if (parked.size > 0) this.send();
  }

  #parkLane(destination: string): void {
    for (const delivery of this.#dispatcher.clearLane(destination)) this.#park(delivery);
  }

  /** How other workers have blocked a destination; null: not, or no more. */
  heardBlock(destination: string, block: Block | null): void {
    const { exchange } = this.#dispatcher;
    if (block === null) exchange.unblocked(destination);
    else if (exchange.blocked(destination, block)) this.#parkLane(destination);
  }

  delivered(number: number, status: number, attemptMs: number, ageMs: number): void {
    this.#parts.endings.delivered(
      this.#leave(this.#land(number, DELIVERED, attemptMs)),
      status,
      attemptMs,
      ageMs,
    );
  }

  failed({ number, outcome, subject, attemptMs }: FailedAttempt): void {
    const delivery = this.#land(number, endingOf(outcome, Date.now()), attemptMs);
    // Its thread had no slot for it in good time: another one may.
    if (outcome.kind === 'handed-back') this.#admit(delivery, true);
    else if (outcome.kind === 'early') this.#parts.endings.early(this.#leave(delivery), outcome.waitMs);
    else {
      if (outcome.kind === 'local-fault') this.#parts.onLocalFault(outcome.code);
      this.#parts.endings.failed(this.#leave(delivery), outcome, subject, attemptMs);
    }
  }

  reported(): void {
    this.send();
    this.#parts.onProgress();
  }

  threadLost(thread: number, error: Error, served: boolean): void {
    const lost = this.#inFlight.where((delivery) => delivery.thread === thread);
    this.#parts.log.error(
      { thread, deliveries: lost.length, error: error.message },
      'a sending thread has died and is replaced',
    );
    const poison = this.#quarantine.threadLost(thread, lost, served);
    this.#dispatcher.withhold(thread);
    for (const { number } of lost) this.#takeOff(number, UNTRIED, 0);
    if (poison !== null) this.#parts.endings.poisoned(this.#leave(poison));
    if (!this.#sending) for (const delivery of this.#quarantine.clear()) this.#release(delivery);
    this.reported();
  }

  /** `wasIn`: whether it has been in a lane or parked before, and so is not to queue behind what is parked. */
  #admit(delivery: Delivery, wasIn: boolean): void {
    const { destination } = delivery;
    if (!this.#sending) this.#release(delivery);
    else if (this.#parts.isDisabled(destination) || !this.#dispatcher.add(destination, delivery, wasIn)) {
      this.#dispatcher.exchange.turnedAway(destination);
      this.#park(delivery);
    }
  }

  /** Sends what can be sent now. */
  send(): void {
    if (!this.#sending) return;
    this.#trySuspect();
    this.#dispatcher.assign((delivery, thread) => this.#launch(delivery, thread));
    this.#relieve();
    this.#post();
    this.#parts.onSent();
  }

  #relieve(): void {
    this.#dispatcher.overflow(this.#parts.room(), (delivery) => this.#park(delivery));
  }

  #post(): void {
    for (const [thread, batch] of this.#batches.entries()) {
      if (batch.length === 0) continue;
      this.#parts.pool.send(thread, batch);
      this.#batches[thread] = [];
    }
  }

  #trySuspect(): void {
    for (let next = this.#quarantine.next(); next !== null; next = this.#quarantine.next()) {
      const { suspect, thread } = next;
      if (!this.#parts.isDisabled(suspect.destination)) {
        this.#dispatcher.readmit(suspect.destination, thread);
        this.#launch(suspect, thread);
        return;
      }
      this.#quarantine.ended(suspect);
      this.#park(suspect);
    }
    for (const thread of this.#quarantine.release()) this.#dispatcher.restore(thread);
  }

  #launch(delivery: Delivery, thread: number): void {
    const number = this.#inFlight.add(delivery);
    delivery.number = number;
    delivery.thread = thread;
    const { attempts, mintedId, envelope } = delivery.claim;
    this.#batches[thread]!.push({ number, attempts, mintedId, envelope });
  }

  /** The delivery of a number that has come back. */
  #land(number: number, ending: Ending, attemptMs: number): Delivery {
    const delivery = this.#takeOff(number, ending, attemptMs);
    this.#quarantine.ended(delivery);
    return delivery;
  }

  #takeOff(number: number, ending: Ending, attemptMs: number): Delivery {
    const delivery = this.#inFlight.take(number);
    const { destination, thread } = delivery;
    const change = this.#dispatcher.ended(destination, thread, ending, attemptMs);
    if (change !== null) this.#changed(destination, change);
    if (this.inFlight === 0) this.#onNothingInFlight?.();
    return delivery;
  }

  #changed(destination: string, change: Change): void {
    this.#parts.onChange(destination, change);
    if (change.kind === 'opened' || change.kind === 'paused') this.#parkLane(destination);
  }

  /** Its memory is free for others from now on. */
  #leave(delivery: Delivery): Delivery {
    this.holdings.letGo(delivery.bytes + DELIVERY_BYTES, delivery.wasParked);
    return delivery;
  }

  #release(delivery: Delivery): void {
    this.#parts.endings.handBack(this.#leave(delivery));
  }

  #park(delivery: Delivery): void {
    this.#parts.endings.park(this.#leave(delivery));
  }
}
