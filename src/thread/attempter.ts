/**
 * What a sending thread does: take deliveries, attempt each, report what came of it.
 * It runs in a pool's thread (entry.ts).
 */
import { decodeEnvelope, isRejection } from '../delivery/envelope.ts';
import type { DecodedEnvelope } from '../delivery/event.ts';
import { mintedAtMs } from '../delivery/ids.ts';
import type { Outcome, Subject } from '../delivery/outcome.ts';
import { Numbered } from '../runtime/numbered.ts';
import { Ring } from '../runtime/ring.ts';
import { type Sign, signer } from '../signing/sign.ts';
import { Agents } from './agents.ts';
import { Attempt } from './attempt.ts';
import { Deadlines } from './deadlines.ts';
import { egress } from './egress.ts';
import { type FailedAttempt, INDEX, type Report } from './messages.ts';
import type { AttemptPolicy } from './policy.ts';
import { Targets } from './targets.ts';

export interface AttempterParts {
  readonly policy: AttemptPolicy;
  readonly report: (report: Report) => void;
  /** Monotonic milliseconds, for durations. */
  readonly monotonicMs: () => number;
  /** Epoch milliseconds, for headers and ages. */
  readonly wallMs: () => number;
}

/** A delivery that waits for a slot in this thread. */
interface Parcel {
  readonly number: number;
  readonly attempts: number;
  readonly mintedId: string;
  readonly bytes: Buffer;
  /** When it came, in monotonic milliseconds. */
  readonly sinceMs: number;
}

/** A delivery that has waited this long for a slot goes back, so that another thread can send it; in milliseconds. */
const WAIT_MAX_MS = 100;

/**
 * Outcomes travel together: a report is sent when there is one for each slot, or this many milliseconds after the
 * first. Waking another thread costs more than an attempt's own work where cores are virtual (bench/README.md).
 */
const REPORT_WITHIN_MS = 5;

export class Attempter {
  readonly #parts: AttempterParts;
  readonly #sign: Sign;
  readonly #targets: Targets;
  readonly #agents: Agents;
  readonly #deadlines: Deadlines;
  readonly #inFlight = new Numbered<Attempt>();
  readonly #end = (attempt: Attempt, outcome: Outcome) => this.#ended(attempt, outcome);
  readonly #waiting = new Ring<Parcel>();
  #delivered: number[] = [];
  #failed: FailedAttempt[] = [];
  #unreported = 0;
  #reportTimer: NodeJS.Timeout | null = null;

  constructor(parts: AttempterParts) {
    const { policy, monotonicMs } = parts;
    const guard = egress(policy.egress);
    this.#parts = parts;
    this.#sign = signer(policy.signingSecrets, policy.signatures);
    this.#targets = new Targets(guard);
    this.#agents = new Agents({
      egress: guard,
      connectTimeoutMs: policy.connectTimeoutMs,
      sockets: policy.slots,
      nowMs: monotonicMs,
    });
    this.#deadlines = new Deadlines({
      inFlight: this.#inFlight,
      readTimeoutMs: policy.readTimeoutMs,
      totalTimeoutMs: policy.totalTimeoutMs,
      nowMs: monotonicMs,
      onTick: (nowMs) => this.#giveBackWaiting(nowMs - WAIT_MAX_MS),
    });
  }

  /** Takes a batch (see messages.ts), and starts an attempt for each delivery as slots are free. */
  accept(bytes: ArrayBuffer, index: readonly number[]): void {
    const sinceMs = this.#parts.monotonicMs();
    const all = Buffer.from(bytes);
    let at = 0;
    for (let i = 0; i < index.length; i += INDEX.width) {
      const idEnd = at + index[i + INDEX.idBytes]!;
      const end = idEnd + index[i + INDEX.envelopeBytes]!;
      this.#waiting.push({
        number: index[i + INDEX.number]!,
        attempts: index[i + INDEX.attempts]!,
        mintedId: all.toString('latin1', at, idEnd),
        bytes: all.subarray(idEnd, end),
        sinceMs,
      });
      at = end;
    }
    this.#fill();
  }

  /** Cuts short what is in flight, and gives back what waits; each is reported. */
  handBack(): void {
    this.#giveBackWaiting(Number.POSITIVE_INFINITY);
    for (const attempt of this.#inFlight.where(() => true)) attempt.handBack();
  }

  /** Closes the sockets. */
  async end(): Promise<void> {
    if (this.#reportTimer !== null) clearTimeout(this.#reportTimer);
    this.#deadlines.stop();
    await this.#agents.destroy();
  }

  /** Gives back what came at or before `sinceMs` and still waits. */
  #giveBackWaiting(sinceMs: number): void {
    for (
      let parcel = this.#waiting.peek();
      parcel !== undefined && parcel.sinceMs <= sinceMs;
      parcel = this.#waiting.peek()
    ) {
      this.#waiting.shift();
      this.#fail({ number: parcel.number, outcome: { kind: 'handed-back' }, subject: null, attemptMs: 0 });
    }
  }

  #fill(): void {
    while (this.#inFlight.count < this.#parts.policy.slots) {
      const parcel = this.#waiting.shift();
      if (parcel === undefined) return;
      this.#start(parcel);
    }
  }

  #start({ number, attempts, mintedId, bytes }: Parcel): void {
    const envelope = decodeEnvelope(bytes, mintedId);
    if (isRejection(envelope)) {
      this.#fail({ number, outcome: { kind: 'refused', ...envelope }, subject: null, attemptMs: 0 });
      return;
    }
    const target = this.#targets.of(envelope.url);
    if (target.kind === 'refused') {
      const outcome: Outcome = { kind: 'refused', reason: 'url-refused', detail: target.detail };
      this.#fail({ number, outcome, subject: subjectOf(envelope), attemptMs: 0 });
      return;
    }
    const agent = this.#agents.of(target.origin);
    const attempt = new Attempt(number, envelope, agent, this.#parts.monotonicMs, this.#end);
    agent.inFlight++;
    attempt.slot = this.#inFlight.add(attempt);
    this.#deadlines.watch();
    const headers = this.#headers(envelope, mintedId, attempts + 1);
    try {
      agent.pool.dispatch({ path: target.path, method: 'POST', headers, body: envelope.body }, attempt);
    } catch (error) {
      attempt.fail(error as Error);
    }
  }

  #headers(envelope: DecodedEnvelope, mintedId: string, attempt: number): string[] {
    const { id, type, body } = envelope;
    const nowMs = this.#parts.wallMs();
    const eventMs = envelope.timestampMs ?? mintedAtMs(mintedId) ?? nowMs;
    const headers = [
      'content-type',
      'application/json',
      'user-agent',
      this.#parts.policy.userAgent,
      'x-webhook-id',
      id,
      'x-webhook-timestamp',
      String(Math.floor(eventMs / 1000)),
      'x-webhook-event',
      type,
      'x-webhook-attempt',
      String(attempt),
    ];
    this.#sign(headers, id, Math.floor(nowMs / 1000), body);
    if (envelope.headers !== null) headers.push(...envelope.headers);
    return headers;
  }

  #ended(attempt: Attempt, outcome: Outcome): void {
    const { envelope, agent, number } = attempt;
    agent.inFlight--;
    this.#inFlight.take(attempt.slot);
    const attemptMs = this.#parts.monotonicMs() - attempt.startedMs;
    if (outcome.kind === 'delivered') {
      const ageMs =
        envelope.timestampMs === null ? -1 : Math.max(0, this.#parts.wallMs() - envelope.timestampMs);
      this.#delivered.push(number, outcome.status, Math.round(attemptMs * 1000), Math.round(ageMs * 1000));
      this.#reportSoon();
    } else {
      this.#fail({ number, outcome, subject: subjectOf(envelope), attemptMs });
    }
    this.#fill();
  }

  #fail(failed: FailedAttempt): void {
    this.#failed.push(failed);
    this.#reportSoon();
  }

  #reportSoon(): void {
    this.#unreported++;
    if (this.#unreported >= this.#parts.policy.slots) this.#report();
    else this.#reportTimer ??= setTimeout(() => this.#report(), REPORT_WITHIN_MS);
  }

  #report(): void {
    if (this.#reportTimer !== null) clearTimeout(this.#reportTimer);
    this.#reportTimer = null;
    const report: Report = { delivered: this.#delivered, failed: this.#failed };
    this.#delivered = [];
    this.#failed = [];
    this.#unreported = 0;
    this.#parts.report(report);
  }
}

function subjectOf({ id, destination, url, type }: DecodedEnvelope): Subject {
  return { id, destination, url, type };
}
