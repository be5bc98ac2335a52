/**
 * What a sending thread does: take deliveries, attempt each, report what came of it.
 * It runs in a pool's thread (entry.ts), or in the caller's own (pool/inline-pool.ts).
 */
import { decodeEnvelope, isRejection } from '../delivery/envelope.ts';
import type { DecodedEnvelope } from '../delivery/event.ts';
import { mintedAtMs } from '../delivery/ids.ts';
import type { Outcome, Subject } from '../delivery/outcome.ts';
import { Agents } from './agents.ts';
import { Attempt } from './attempt.ts';
import { Deadlines } from './deadlines.ts';
import { egress } from './egress.ts';
import { type FailedAttempt, INDEX, type Report } from './messages.ts';
import type { AttemptPolicy } from './policy.ts';
import { type Sign, signer } from './sign.ts';
import { Targets } from './targets.ts';

export interface AttempterParts {
  readonly policy: AttemptPolicy;
  readonly report: (report: Report) => void;
  /** Monotonic milliseconds, for durations. */
  readonly monotonicMs: () => number;
  /** Epoch milliseconds, for headers and ages. */
  readonly wallMs: () => number;
}

export class Attempter {
  readonly #parts: AttempterParts;
  readonly #sign: Sign;
  readonly #targets: Targets;
  readonly #agents: Agents;
  readonly #deadlines: Deadlines;
  readonly #inFlight = new Map<Attempt, DecodedEnvelope>();
  #delivered: number[] = [];
  #failed: FailedAttempt[] = [];
  #reportDue = false;

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
    this.#deadlines = new Deadlines(policy.readTimeoutMs, policy.totalTimeoutMs, monotonicMs);
  }

  /** Starts an attempt for each delivery of a batch (see messages.ts). */
  accept(bytes: ArrayBuffer, index: readonly number[]): void {
    let at = 0;
    for (let i = 0; i < index.length; i += INDEX.width) {
      const idEnd = at + index[i + INDEX.idBytes]!;
      const end = idEnd + index[i + INDEX.envelopeBytes]!;
      const mintedId = Buffer.from(bytes, at, idEnd - at).toString('latin1');
      this.#start(
        index[i + INDEX.number]!,
        index[i + INDEX.attempts]!,
        mintedId,
        Buffer.from(bytes, idEnd, end - idEnd),
      );
      at = end;
    }
  }

  /** Cuts short what is in flight; each is reported. */
  handBack(): void {
    for (const attempt of [...this.#inFlight.keys()]) attempt.handBack();
  }

  /** Closes the sockets. */
  async end(): Promise<void> {
    this.#deadlines.stop();
    await this.#agents.destroy();
  }

  #start(number: number, attempts: number, mintedId: string, bytes: Buffer): void {
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
    const attempt = new Attempt(number, this.#parts.monotonicMs, (ended, outcome) => {
      agent.inFlight--;
      this.#ended(ended, outcome);
    });
    agent.inFlight++;
    this.#inFlight.set(attempt, envelope);
    this.#deadlines.add(attempt);
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
    const envelope = this.#inFlight.get(attempt);
    if (envelope === undefined) return;
    this.#inFlight.delete(attempt);
    this.#deadlines.delete(attempt);
    const attemptMs = this.#parts.monotonicMs() - attempt.startedMs;
    if (outcome.kind !== 'delivered') {
      this.#fail({ number: attempt.number, outcome, subject: subjectOf(envelope), attemptMs });
      return;
    }
    const ageMs =
      envelope.timestampMs === null ? -1 : Math.max(0, this.#parts.wallMs() - envelope.timestampMs);
    this.#delivered.push(
      attempt.number,
      outcome.status,
      Math.round(attemptMs * 1000),
      Math.round(ageMs * 1000),
    );
    this.#reportSoon();
  }

  #fail(failed: FailedAttempt): void {
    this.#failed.push(failed);
    this.#reportSoon();
  }

  /** Outcomes of one turn of the event loop travel together; none waits for another's. */
  #reportSoon(): void {
    if (this.#reportDue) return;
    this.#reportDue = true;
    setImmediate(() => {
      this.#reportDue = false;
      const report: Report = { delivered: this.#delivered, failed: this.#failed };
      this.#delivered = [];
      this.#failed = [];
      this.#parts.report(report);
    });
  }
}

function subjectOf({ id, destination, url, type }: DecodedEnvelope): Subject {
  return { id, destination, url, type };
}
