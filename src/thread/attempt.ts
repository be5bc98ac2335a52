/** One HTTP request and what comes of it, as the handler that undici calls. */
import type { Dispatcher } from 'undici';
import type { DecodedEnvelope } from '../delivery/event.ts';
import type { BrokenCode, Outcome } from '../delivery/outcome.ts';
import { errorCode } from '../errors.ts';
import type { Target } from '../guard/guard.ts';
import type { Connection } from './agents.ts';
import { outcomeOfError } from './classify.ts';
import type { Timed } from './deadlines.ts';
import type { Profile } from './profiles.ts';

/** Bytes of a response that are read before its socket is given up (a receiver cannot make us download). */
const MAX_READ_BYTES = 65_536;
/** Bytes of an answer that are kept for logs and dead letters. */
const MAX_KEPT_BYTES = 4_096;

/**
 * Informational responses (1xx) that are passed over before the attempt is given up: a receiver sends one or two (100 is
 * refused by undici), and a flood of them would keep a thread busy.
 */
const MAX_INFORMATIONAL = 16;
/**
 * How long after a request has left a close still means that the receiver closed before it came, in milliseconds: a way
 * there and back, at its longest. Later the receiver may have worked on it, and that is an attempt.
 */
const CROSSED_MS = 500;
/** What a kept connection meets that its receiver closed at the moment the request left (RFC 9112 §9.3.1). */
const CLOSED_BY_RECEIVER: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

export interface AttemptParts {
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Called once, with what the attempt meant. `sound`: whether its connection can carry another request. */
  readonly end: (attempt: Attempt, outcome: Outcome, sound: boolean) => void;
  /** The connection was closed before the receiver can have acted on the request: to be sent once more, on a fresh one. */
  readonly again: (attempt: Attempt) => void;
}

/** What is sent, as undici takes it. */
export interface PreparedRequest {
  readonly method: 'POST';
  readonly path: string;
  /** Alternating names and values. */
  readonly headers: string[];
  readonly body: Buffer;
}

export class Attempt implements Dispatcher.DispatchHandler, Timed {
  /** The main thread's number for the delivery. */
  readonly number: number;
  /** Its number in this thread while it is in flight. */
  slot = -1;
  readonly envelope: DecodedEnvelope;
  readonly target: Target;
  readonly profile: Profile;
  readonly startedMs: number;
  readonly #parts: AttemptParts;
  request: PreparedRequest | null = null;
  connection: Connection | null = null;
  sentMs = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #reused = false;
  #begun = false;
  #informational = 0;
  #status = 0;
  #retryAfter: string | null = null;
  #readBytes = 0;
  #kept: Buffer[] | null = null;
  #over = false;

  /** `startedMs`: monotonic milliseconds. */
  constructor(
    number: number,
    envelope: DecodedEnvelope,
    target: Target,
    profile: Profile,
    parts: AttemptParts,
    startedMs: number,
  ) {
    this.number = number;
    this.envelope = envelope;
    this.target = target;
    this.profile = profile;
    this.#parts = parts;
    this.startedMs = startedMs;
  }

  get timeouts() {
    return this.profile.timeouts;
  }

  get answered(): boolean {
    return this.#status !== 0;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Sends the request on a connection that has been taken for it. */
  sendOn(connection: Connection): void {
    this.connection = connection;
    this.sentMs = 0;
    try {
      connection.client.dispatch(this.request!, this);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Only now is it known which socket it goes over: an idle one may have been made anew.
    this.#reused = this.connection!.served > 0;
    if (this.#over) controller.abort(new Error('the attempt is over'));
    else this.sentMs = this.#parts.nowMs();
  }

  onResponseStarted(): void {
    this.#begun = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#begun = true;
    if (status < 200) {
      this.#inform();
      return;
    }
    this.#status = status;
    if (status < 300) return;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = typeof retryAfter === 'string' ? retryAfter : null;
    this.#kept = [];
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#kept !== null && this.#readBytes < MAX_KEPT_BYTES)
      this.#kept.push(chunk.subarray(0, MAX_KEPT_BYTES - this.#readBytes));
    this.#readBytes += chunk.length;
    if (this.#readBytes > MAX_READ_BYTES) this.#finish(this.#answer(), 'cut');
  }

  onResponseEnd(): void {
    this.#finish(this.#answer(), 'whole');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#crossed(error)) {
      this.#controller = null;
      this.#reused = false;
      this.#parts.again(this);
    } else this.fail(error);
  }

  /** Whether the request and the receiver's closing of a kept connection have crossed on the way. */
  #crossed(error: Error): boolean {
    return (
      this.#reused &&
      !this.#begun &&
      !this.#over &&
      this.#parts.nowMs() - this.sentMs < CROSSED_MS &&
      CLOSED_BY_RECEIVER.has(errorCode(error))
    );
  }

  /** It met an error, before or after the request left; a status that had come by then counts. */
  fail(error: Error): void {
    this.#finish(this.answered ? this.#answer() : outcomeOfError(error, this.sentMs > 0), 'failed');
  }

  /** A deadline has passed: what is known counts. */
  expire(code: Extract<BrokenCode, 'read-timeout' | 'total-timeout'>): void {
    this.#finish(this.answered ? this.#answer() : this.#expired(code), 'cut');
  }

  /** Ends it because the engine stops. */
  handBack(): void {
    this.#finish(this.#status >= 200 && this.#status < 300 ? this.#answer() : { kind: 'handed-back' }, 'cut');
  }

  #inform(): void {
    if (++this.#informational <= MAX_INFORMATIONAL) return;
    const error = `more than ${MAX_INFORMATIONAL} informational responses`;
    this.#finish({ kind: 'broken', code: 'malformed-response', error }, 'cut');
  }

  #expired(code: Extract<BrokenCode, 'read-timeout' | 'total-timeout'>): Outcome {
    if (this.sentMs === 0)
      return {
        kind: 'unreachable',
        code: 'connect-timeout',
        error: 'no connection before the total deadline',
      };
    const silentMs = Math.round(this.#parts.nowMs() - this.sentMs);
    return { kind: 'broken', code, error: `no status ${silentMs} ms after the request` };
  }

  #answer(): Outcome {
    const status = this.#status;
    if (status < 300) return { kind: 'delivered', status };
    const body = this.#kept === null ? '' : Buffer.concat(this.#kept).toString();
    return { kind: 'answered', response: { status, body, retryAfter: this.#retryAfter } };
  }

  /** `how`: the response was read to its end; or is given up here; or the connection failed. */
  #finish(outcome: Outcome, how: 'whole' | 'cut' | 'failed'): void {
    if (this.#over) return;
    this.#over = true;
    if (how === 'cut') this.#controller?.abort(new Error('the attempt is over'));
    this.#parts.end(this, outcome, how === 'whole');
  }
}
