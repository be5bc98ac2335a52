/**
 * Deliveries between their claim and their settlement: waiting in a lane, or in flight under a number.
 * Decides nothing itself; it asks the dispatcher what to send, and the retry policy what an outcome means.
 */
import type { Claim, Settlement } from './broker/broker.ts';
import { peekDestination, peekId } from './delivery/envelope.ts';
import { type DeadReason, type Failure, type Subject, statusOf } from './delivery/outcome.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { Quarantine } from './dispatch/quarantine.ts';
import type { AttemptPool, Parcel, PoolEvents } from './pool/attempt-pool.ts';
import type { DeliveryLog } from './record/delivery-log.ts';
import type { Logger } from './record/log.ts';
import type { Metrics } from './record/metrics.ts';
import { Numbered } from './runtime/numbered.ts';
import { deadLetter } from './settle/dead-letter.ts';
import { verdictOn } from './settle/retry-policy.ts';
import type { FailedAttempt } from './thread/messages.ts';

/** What has been decided about a delivery. */
export interface Settled {
  readonly destination: string;
  readonly kind: 'delivered' | 'retry' | 'dead' | 'handed-back';
  /** The receiver's status; null when it gave none. */
  readonly status: number | null;
}

export interface FlowParts {
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly retryScheduleMs: readonly number[];
  readonly logSuccesses: boolean;
  readonly pool: AttemptPool;
  readonly settle: (settlement: Settlement) => void;
  /** Something has ended, so that more may be claimed. */
  readonly onProgress: () => void;
  readonly metrics: Metrics;
  readonly deliveryLog: DeliveryLog;
  readonly log: Logger;
  readonly onSettled: ((settled: Settled) => void) | null;
}

interface Delivery {
  readonly claim: Claim;
  readonly destination: string;
  readonly bytes: number;
  /** Its number and its thread while it is in flight. */
  number: number;
  thread: number;
}

/** The lane of what has no readable destination: a thread will say what is wrong with it. */
const UNREADABLE = '-';
/** The period over which a thread's pace is judged, in milliseconds: how long a delivery may be expected to wait in a thread for a slot. */
const PACE_MS = 20;
/** What a claimed delivery costs in memory beside its envelope, in bytes. */
const DELIVERY_BYTES = 512;

const NO_BYTES = Buffer.alloc(0);

const POISON: Failure = {
  kind: 'local-fault',
  code: 'thread-lost',
  error: 'it ended the thread that sent it, also when alone there',
};

export class Flow implements PoolEvents {
  readonly #parts: FlowParts;
  readonly #dispatcher: Dispatcher<Delivery>;
  readonly #quarantine = new Quarantine<Delivery>();
  readonly #inFlight = new Numbered<Delivery>();
  /** What goes to each thread in this turn. */
  readonly #batches: Parcel[][];
  #heldBytes = 0;
  #pace: NodeJS.Timeout | undefined;
  #sending = true;
  #onNothingInFlight: (() => void) | null = null;

  constructor(parts: FlowParts) {
    this.#parts = parts;
    this.#dispatcher = new Dispatcher(parts.threads, parts.slotsPerThread);
    this.#batches = Array.from({ length: parts.threads }, () => []);
  }

  /** Begins to send. */
  start(): void {
    this.#pace = setInterval(() => this.#dispatcher.turnOver(), PACE_MS).unref();
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
    return this.inFlight + this.waiting;
  }

  /** Bytes of memory that `held` deliveries take. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  add(claims: readonly Claim[]): void {
    for (const claim of claims) {
      const destination = peekDestination(claim.envelope) ?? UNREADABLE;
      const delivery: Delivery = { claim, destination, bytes: claim.envelope.length, number: -1, thread: -1 };
      this.#heldBytes += delivery.bytes + DELIVERY_BYTES;
      if (this.#sending) this.#dispatcher.add(destination, delivery);
      else this.#release(delivery);
    }
    this.#send();
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
    const waiting = this.#takeWaiting();
    for (const delivery of waiting) this.#release(delivery);
    return waiting.length;
  }

  async whenNothingInFlight(): Promise<void> {
    while (this.inFlight > 0)
      await new Promise<void>((resolve) => {
        this.#onNothingInFlight = resolve;
      });
  }

  delivered(number: number, status: number, attemptMs: number, ageMs: number): void {
    const delivery = this.#land(number, true);
    this.#parts.metrics.delivered(attemptMs, ageMs);
    const { claim, destination } = delivery;
    if (this.#parts.logSuccesses)
      this.#parts.deliveryLog.succeeded(idOf(claim), destination, status, claim.attempts + 1, attemptMs);
    this.#settle(delivery, { kind: 'ack', claim }, 'delivered', status);
  }

  failed({ number, outcome, subject, attemptMs }: FailedAttempt): void {
    const delivery = this.#land(number, outcome.kind !== 'handed-back');
    const { claim } = delivery;
    if (outcome.kind === 'handed-back') {
      // Its thread had no slot for it in good time: another one may.
      if (this.#sending) this.#dispatcher.add(delivery.destination, delivery);
      else this.#release(delivery);
      return;
    }
    const verdict = verdictOn(outcome, claim.attempts, this.#parts.retryScheduleMs, Math.random, Date.now());
    switch (verdict.kind) {
      case 'retry':
        this.#parts.metrics.counters.retried++;
        this.#logFailure(delivery, outcome, subject, verdict.delayMs, attemptMs);
        this.#settle(delivery, { ...verdict, claim }, 'retry', statusOf(outcome));
        break;
      case 'dead':
        this.#logFailure(delivery, outcome, subject, null, attemptMs);
        this.#die(delivery, verdict.reason, outcome, subject, verdict.attempts);
        break;
      default:
        verdict satisfies never;
    }
  }

  reported(): void {
    this.#send();
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
    for (const { number } of lost) this.#takeOff(number, false);
    if (poison !== null) {
      this.#logFailure(poison, POISON, null, null, 0);
      this.#die(poison, 'poison', POISON, null, poison.claim.attempts);
    }
    if (!this.#sending) for (const delivery of this.#quarantine.clear()) this.#release(delivery);
    this.reported();
  }

  #send(): void {
    if (!this.#sending) return;
    this.#trySuspect();
    this.#dispatcher.assign((delivery, thread) => this.#launch(delivery, thread));
    for (const [thread, batch] of this.#batches.entries()) {
      if (batch.length === 0) continue;
      this.#parts.pool.send(thread, batch);
      this.#batches[thread] = [];
    }
  }

  #trySuspect(): void {
    for (const thread of this.#quarantine.release()) this.#dispatcher.restore(thread);
    const next = this.#quarantine.next();
    if (next === null) return;
    this.#dispatcher.readmit(next.suspect.destination, next.thread);
    this.#launch(next.suspect, next.thread);
  }

  #launch(delivery: Delivery, thread: number): void {
    const number = this.#inFlight.add(delivery);
    delivery.number = number;
    delivery.thread = thread;
    const { attempts, mintedId, envelope } = delivery.claim;
    this.#batches[thread]!.push({ number, attempts, mintedId, envelope });
  }

  /** The delivery of a number that has come back. */
  #land(number: number, finished: boolean): Delivery {
    const delivery = this.#takeOff(number, finished);
    this.#quarantine.ended(delivery);
    return delivery;
  }

  #takeOff(number: number, finished: boolean): Delivery {
    const delivery = this.#inFlight.take(number);
    this.#dispatcher.release(delivery.destination, delivery.thread, finished);
    if (this.inFlight === 0) this.#onNothingInFlight?.();
    return delivery;
  }

  #settle(delivery: Delivery, settlement: Settlement, kind: Settled['kind'], status: number | null): void {
    this.#heldBytes -= delivery.bytes + DELIVERY_BYTES;
    // The settlement may wait long for a broker that is away; its envelope's memory is free for others now.
    delivery.claim.envelope = NO_BYTES;
    this.#parts.settle(settlement);
    this.#parts.onSettled?.({ destination: delivery.destination, kind, status });
  }

  #release(delivery: Delivery): void {
    this.#parts.metrics.counters.handedBack++;
    this.#settle(delivery, { kind: 'release', claim: delivery.claim }, 'handed-back', null);
  }

  #die(
    delivery: Delivery,
    reason: DeadReason,
    failure: Failure,
    subject: Subject | null,
    attempts: number,
  ): void {
    const { claim } = delivery;
    const mintedId = idOf(claim);
    const destination = delivery.destination === UNREADABLE ? null : delivery.destination;
    const letter = deadLetter({ reason, failure, attempts, subject, mintedId, destination }, Date.now());
    this.#parts.metrics.counters.dead++;
    this.#settle(delivery, { kind: 'dead', claim, letter }, 'dead', statusOf(failure));
  }

  #takeWaiting(): Delivery[] {
    return [...this.#dispatcher.clear(), ...this.#quarantine.clear()];
  }

  #logFailure(
    delivery: Delivery,
    failure: Failure,
    subject: Subject | null,
    nextRetryMs: number | null,
    attemptMs: number,
  ): void {
    const { claim, destination } = delivery;
    const { attempts } = claim;
    const mintedId = subject?.id ?? idOf(claim);
    const attempt = failure.kind === 'refused' ? attempts : attempts + 1;
    this.#parts.deliveryLog.failed({
      subject,
      mintedId,
      destination,
      failure,
      attempt,
      nextRetryMs,
      attemptMs,
    });
  }
}

/** The event's id: its envelope's own, or else the one minted for it. */
function idOf({ envelope, mintedId }: Claim): string {
  return peekId(envelope) ?? mintedId;
}
