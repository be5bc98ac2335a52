/**
 * What a sending thread does: take deliveries, attempt each, report what came of it.
 * It runs in a pool's thread (entry.ts).
 */
import { decodeEnvelope, isRejection } from '../delivery/envelope.ts';
import type { DecodedEnvelope } from '../delivery/event.ts';
import type { Outcome, Subject } from '../delivery/outcome.ts';
import { type Guard, guardOf } from '../guard/guard.ts';
import { Names } from '../guard/names.ts';
import { Numbered } from '../runtime/numbered.ts';
import { Ring } from '../runtime/ring.ts';
import { Agents, type Route } from './agents.ts';
import { Attempt, type AttemptParts } from './attempt.ts';
import { Connector } from './connector.ts';
import { Deadlines } from './deadlines.ts';
import { ENCRYPTED_TYPE } from './encrypt.ts';
import { DELIVERED, type FailedAttempt, INDEX, type Report } from './messages.ts';
import type { AttemptPolicy, RoutePolicy, ThreadSettings } from './policy.ts';
import { type Profile, Profiles } from './profiles.ts';
import { requestHeaders } from './request-headers.ts';
import { Targets } from './targets.ts';
import { untimely } from './timeliness.ts';

export interface AttempterParts {
  readonly policy: AttemptPolicy;
  readonly settings: ThreadSettings;
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

/** One that has waited for longer than this was overtaken by a stop of the process; in milliseconds. */
const STALE_MS = 1_000;

/**
 * Outcomes travel together: a report is sent when there is one for each slot, or this many milliseconds after the
 * first. Waking another thread costs more than an attempt's own work where cores are virtual (bench/README.md).
 */
const REPORT_WITHIN_MS = 5;

export class Attempter {
  readonly #parts: AttempterParts;
  readonly #guard: Guard;
  readonly #names: Names;
  readonly #targets: Targets;
  readonly #profiles: Profiles;
  readonly #agents: Agents;
  readonly #deadlines: Deadlines;
  readonly #inFlight = new Numbered<Attempt>();
  readonly #attemptParts: AttemptParts;
  readonly #waiting = new Ring<Parcel>();
  #slots: number;
  /** What has been delivered since the last report, and how many numbers of it; there is room for one of each slot. */
  #delivered: Float64Array;
  #deliveredEnd = 0;
  #failed: FailedAttempt[] = [];
  #unreported = 0;
  #reportTimer: NodeJS.Timeout | null = null;

  constructor(parts: AttempterParts) {
    const { policy, settings, monotonicMs: nowMs } = parts;
    this.#parts = parts;
    this.#slots = policy.slots;
    this.#delivered = new Float64Array(policy.slots * DELIVERED.width);
    this.#guard = guardOf(policy.guard);
    this.#names = new Names({ servers: policy.dnsServers, nowMs });
    this.#targets = new Targets(this.#guard);
    this.#profiles = new Profiles(policy, settings, (route) => this.#newRoute(route));
    this.#agents = new Agents({ sockets: policy.sockets, nowMs });
    this.#attemptParts = {
      nowMs,
      end: (attempt, outcome, sound) => this.#ended(attempt, outcome, sound),
      again: (attempt) => this.#sendAgain(attempt),
    };
    this.#deadlines = new Deadlines({
      inFlight: this.#inFlight,
      nowMs,
      onTick: (nowMs) => this.#giveBackWaiting(nowMs - WAIT_MAX_MS),
    });
  }

  /** Later attempts go by these settings. */
  configure(settings: ThreadSettings): void {
    this.#profiles.configure(settings);
  }

  /** So many attempts may be in flight from now on; those beyond that come to their end. */
  resize(slots: number): void {
    if (this.#unreported > 0) this.#report();
    this.#slots = slots;
    this.#delivered = new Float64Array(slots * DELIVERED.width);
    this.#fill(this.#parts.monotonicMs());
  }

  /** Takes a batch (see messages.ts), and starts an attempt for each delivery as slots are free. */
  accept(bytes: ArrayBuffer, count: number): void {
    const sinceMs = this.#parts.monotonicMs();
    const all = Buffer.from(bytes);
    const index = new Int32Array(bytes, 0, count * INDEX.width);
    let at = index.byteLength;
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
    this.#fill(sinceMs);
  }

  /** Closes the connections that nobody uses. */
  shed(): void {
    this.#agents.dropUnused();
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
    this.#names.close();
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
      this.#giveBack(parcel);
    }
  }

  /** `nowMs`: monotonic milliseconds, read a moment ago. */
  #fill(nowMs: number): void {
    let atMs = nowMs;
    while (this.#inFlight.count < this.#slots) {
      const parcel = this.#waiting.shift();
      if (parcel === undefined) return;
      // A process that was stopped and goes on may not own it any more: the main thread is to look first.
      if (atMs - parcel.sinceMs > STALE_MS) this.#giveBack(parcel);
      else this.#start(parcel, atMs);
      // Starting one takes its time.
      if (this.#inFlight.count < this.#slots) atMs = this.#parts.monotonicMs();
    }
  }

  #giveBack({ number }: Parcel): void {
    this.#fail({ number, outcome: { kind: 'handed-back' }, subject: null, attemptMs: 0 });
  }

  #start({ number, attempts, mintedId, bytes }: Parcel, nowMs: number): void {
    const envelope = decodeEnvelope(bytes, mintedId);
    if (isRejection(envelope)) {
      this.#fail({ number, outcome: { kind: 'refused', ...envelope }, subject: null, attemptMs: 0 });
      return;
    }
    const outcome = untimely(envelope, this.#parts.wallMs());
    if (outcome !== null) {
      this.#fail({ number, outcome, subject: subjectOf(envelope), attemptMs: 0 });
      return;
    }
    const target = this.#targets.of(envelope.url);
    if (target.kind === 'refused') {
      const outcome: Outcome = { kind: 'refused', reason: 'url-refused', detail: target.refusal.detail };
      this.#fail({ number, outcome, subject: subjectOf(envelope), attemptMs: 0 });
      return;
    }
    const profile = this.#profileOf(envelope.destination, target.origin);
    if (profile instanceof Error) {
      const outcome: Outcome = { kind: 'local-fault', code: 'signature', error: profile.message };
      this.#fail({ number, outcome, subject: subjectOf(envelope), attemptMs: 0 });
      return;
    }
    const attempt = new Attempt(number, envelope, target, profile, this.#attemptParts, nowMs);
    attempt.slot = this.#inFlight.add(attempt);
    this.#deadlines.watch();
    if (profile.encrypt === null) {
      this.#prepare(attempt, mintedId, attempts + 1, 'application/json', envelope.body);
      return;
    }
    profile.encrypt(envelope.body).then(
      (body) => attempt.over || this.#prepare(attempt, mintedId, attempts + 1, ENCRYPTED_TYPE, body),
      (error: Error) => attempt.fail(error),
    );
  }

  /** An error where the secrets of an id cannot make the signatures that its URL's origin asks for: nothing goes unsigned. */
  #profileOf(destination: string, origin: string): Profile | Error {
    try {
      return this.#profiles.of(destination, origin);
    } catch (error) {
      return error as Error;
    }
  }

  /** Signs the request, and sends it. `number`: which attempt this is, from 1. */
  #prepare(attempt: Attempt, mintedId: string, number: number, contentType: string, body: Buffer): void {
    const { policy, wallMs } = this.#parts;
    const { userAgent } = policy;
    const nowMs = wallMs();
    const headers = requestHeaders(attempt, { mintedId, number, userAgent, contentType, body, nowMs });
    attempt.request = { method: 'POST', path: attempt.target.path, headers, body };
    this.#send(attempt);
  }

  #send(attempt: Attempt, fresh = false): void {
    const { profile, target } = attempt;
    attempt.sendOn(this.#agents.take(profile.route, target, profile.timeouts.connectMs, fresh));
  }

  #sendAgain(attempt: Attempt): void {
    this.#agents.giveBack(attempt.connection!, false, this.#parts.monotonicMs());
    this.#send(attempt, true);
  }

  #newRoute(policy: RoutePolicy): Route {
    const connector = new Connector({ guard: this.#guard, names: this.#names, route: policy });
    return { connector, http2: policy.http2 === true, agents: new Map() };
  }

  #ended(attempt: Attempt, outcome: Outcome, sound: boolean): void {
    const { envelope, connection, number } = attempt;
    const nowMs = this.#parts.monotonicMs();
    if (connection !== null) this.#agents.giveBack(connection, sound, nowMs);
    this.#inFlight.take(attempt.slot);
    const attemptMs = nowMs - attempt.startedMs;
    if (outcome.kind === 'delivered') {
      const ageUs = Math.round(this.#ageMs(envelope) * 1000);
      this.#deliver(number, outcome.status, Math.round(attemptMs * 1000), ageUs);
    } else {
      this.#fail({ number, outcome, subject: subjectOf(envelope), attemptMs });
    }
    this.#fill(nowMs);
  }

  /** Since when the event could have been delivered; -1 where it has no timestamp. */
  #ageMs({ timestampMs, deliverAtMs }: DecodedEnvelope): number {
    if (timestampMs === null) return -1;
    return Math.max(0, this.#parts.wallMs() - Math.max(timestampMs, deliverAtMs ?? timestampMs));
  }

  #deliver(number: number, status: number, attemptUs: number, ageUs: number): void {
    const delivered = this.#delivered;
    const at = this.#deliveredEnd;
    delivered[at + DELIVERED.number] = number;
    delivered[at + DELIVERED.status] = status;
    delivered[at + DELIVERED.attemptUs] = attemptUs;
    delivered[at + DELIVERED.ageUs] = ageUs;
    this.#deliveredEnd = at + DELIVERED.width;
    this.#reportSoon();
  }

  #fail(failed: FailedAttempt): void {
    this.#failed.push(failed);
    this.#reportSoon();
  }

  #reportSoon(): void {
    this.#unreported++;
    if (this.#unreported >= this.#slots) this.#report();
    else this.#reportTimer ??= setTimeout(() => this.#report(), REPORT_WITHIN_MS);
  }

  #report(): void {
    if (this.#reportTimer !== null) clearTimeout(this.#reportTimer);
    this.#reportTimer = null;
    const report: Report = { delivered: this.#delivered.slice(0, this.#deliveredEnd), failed: this.#failed };
    this.#deliveredEnd = 0;
    this.#failed = [];
    this.#unreported = 0;
    this.#parts.report(report);
  }
}

function subjectOf({ id, destination, url, type, expiresAtMs }: DecodedEnvelope): Subject {
  return { id, destination, url, type, expiresAtMs };
}
