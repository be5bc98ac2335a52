/**
 * How deliveries end here: what follows from an attempt is decided by the retry policy, given to the settler, and told
 * to the log, the counters and whoever runs the engine.
 */
import type { Claim, Settlement } from './broker/broker.ts';
import { peekId } from './delivery/envelope.ts';
import { type DeadReason, type Failure, type Subject, statusOf } from './delivery/outcome.ts';
import type { DeliveryLog } from './record/delivery-log.ts';
import type { Metrics } from './record/metrics.ts';
import { deadLetter } from './settle/dead-letter.ts';
import { type RetryRules, unlessExpired, verdictOn } from './settle/retry-policy.ts';

/** A delivery while it is here. */
export interface Held {
  readonly claim: Claim;
  /** Its lane: UNREADABLE where there is no name. */
  readonly destination: string;
}

/** What has been decided about a delivery. */
export interface Settled {
  /** Empty where the envelope has none that can be read. */
  readonly destination: string;
  readonly kind: 'delivered' | 'retry' | 'early' | 'dead' | 'parked' | 'handed-back';
  /** The receiver's status; null when it gave none. */
  readonly status: number | null;
}

export interface EndingsParts {
  /** By destination id, or else by the origin of the URL where that is known. */
  readonly rulesOf: (destination: string, url: string | null) => RetryRules;
  readonly logSuccesses: boolean;
  readonly settle: (settlement: Settlement) => void;
  /** A destination has answered that it is gone. Called before its delivery is parked. */
  readonly onGone: (destination: string) => void;
  readonly metrics: Metrics;
  readonly deliveryLog: DeliveryLog;
  readonly onSettled: ((settled: Settled) => void) | null;
}

/** The lane of what has no readable destination: a thread will say what is wrong with it. No destination is called so. */
export const UNREADABLE = '';

const NO_BYTES = Buffer.alloc(0);

const POISON: Failure = {
  kind: 'local-fault',
  code: 'thread-lost',
  error: 'it ended the thread that sent it, also when alone there',
};

export class Endings {
  readonly #parts: EndingsParts;

  constructor(parts: EndingsParts) {
    this.#parts = parts;
  }

  delivered({ claim, destination }: Held, status: number, attemptMs: number, ageMs: number): void {
    this.#parts.metrics.delivered(attemptMs, ageMs);
    if (this.#parts.logSuccesses)
      this.#parts.deliveryLog.succeeded(idOf(claim), destination, status, claim.attempts + 1, attemptMs);
    this.#settle({ kind: 'ack', claim }, destination, 'delivered', status);
  }

  failed(held: Held, failure: Failure, subject: Subject | null, attemptMs: number): void {
    const { rulesOf, metrics, onGone } = this.#parts;
    const { claim, destination } = held;
    const rules = rulesOf(destination, subject?.url ?? null);
    const nowMs = Date.now();
    const due = verdictOn(failure, claim.attempts, rules, Math.random, nowMs);
    const verdict = unlessExpired(due, subject?.expiresAtMs ?? null, nowMs);
    switch (verdict.kind) {
      case 'retry':
        metrics.counters.retried++;
        this.#logFailure(held, failure, subject, verdict.delayMs, attemptMs);
        this.#settle({ ...verdict, claim }, destination, 'retry', statusOf(failure));
        break;
      case 'dead':
        this.#logFailure(held, failure, subject, 'never', attemptMs);
        this.#die(held, verdict.reason, failure, subject, verdict.attempts);
        break;
      case 'gone':
        this.#logFailure(held, failure, subject, 'parked', attemptMs);
        onGone(destination);
        this.#park(held, statusOf(failure));
        break;
      default:
        verdict satisfies never;
    }
  }

  /** Its time comes in `waitMs`: the broker keeps it until then, as it keeps retries. No attempt was made. */
  early({ claim, destination }: Held, waitMs: number): void {
    const { attempts } = claim;
    this.#parts.metrics.counters.early++;
    this.#settle({ kind: 'retry', claim, delayMs: waitMs, attempts }, destination, 'early', null);
  }

  /** It ended the thread that sent it, also when alone there. */
  poisoned(held: Held): void {
    this.#logFailure(held, POISON, null, 'never', 0);
    this.#die(held, 'poison', POISON, null, held.claim.attempts);
  }

  /** Its destination is disabled. */
  park(held: Held): void {
    this.#park(held, null);
  }

  /** So many deliveries for a destination were parked before they came here. */
  passed(destination: string, count: number): void {
    this.#parts.metrics.counters.parked += count;
    for (let i = 0; i < count; i++) this.#parts.onSettled?.({ destination, kind: 'parked', status: null });
  }

  handBack({ claim, destination }: Held): void {
    this.#parts.metrics.counters.handedBack++;
    this.#settle({ kind: 'release', claim }, destination, 'handed-back', null);
  }

  #park({ claim, destination }: Held, status: number | null): void {
    this.#parts.metrics.counters.parked++;
    this.#settle({ kind: 'park', claim, destination }, destination, 'parked', status);
  }

  #die(held: Held, reason: DeadReason, failure: Failure, subject: Subject | null, attempts: number): void {
    const { claim } = held;
    const mintedId = idOf(claim);
    const destination = nameOf(held);
    const letter = deadLetter({ reason, failure, attempts, subject, mintedId, destination }, Date.now());
    this.#parts.metrics.counters.dead++;
    this.#settle({ kind: 'dead', claim, letter }, held.destination, 'dead', statusOf(failure));
  }

  #settle(settlement: Settlement, destination: string, kind: Settled['kind'], status: number | null): void {
    // The settlement may wait long for a broker that is away; its envelope's memory is free for others now.
    settlement.claim.envelope = NO_BYTES;
    this.#parts.settle(settlement);
    this.#parts.onSettled?.({ destination, kind, status });
  }

  #logFailure(
    held: Held,
    failure: Failure,
    subject: Subject | null,
    next: number | 'never' | 'parked',
    attemptMs: number,
  ): void {
    const { claim } = held;
    const mintedId = subject?.id ?? idOf(claim);
    const destination = nameOf(held);
    const attempt = failure.kind === 'refused' ? claim.attempts : claim.attempts + 1;
    this.#parts.deliveryLog.failed({ subject, mintedId, destination, failure, attempt, next, attemptMs });
  }
}

function nameOf({ destination }: Held): string | null {
  return destination === UNREADABLE ? null : destination;
}

/** The event's id: its envelope's own, or else the one minted for it. */
function idOf({ envelope, mintedId }: Claim): string {
  return peekId(envelope) ?? mintedId;
}
