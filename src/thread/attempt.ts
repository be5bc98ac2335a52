/** One HTTP request and what comes of it, as the handler that undici calls. */
import type { Dispatcher } from 'undici';
import type { DecodedEnvelope } from '../delivery/event.ts';
import type { BrokenCode, Outcome } from '../delivery/outcome.ts';
import type { Agent } from './agents.ts';
import { outcomeOfError } from './classify.ts';
import type { Timed } from './deadlines.ts';

/** Bytes of a response that are read before its socket is given up (a receiver cannot make us download). */
const MAX_READ_BYTES = 65_536;
/** Bytes of an answer that are kept for logs and dead letters. */
const MAX_KEPT_BYTES = 4_096;

/** Called once, with what the attempt meant. */
type AttemptEnd = (attempt: Attempt, outcome: Outcome) => void;

export class Attempt implements Dispatcher.DispatchHandler, Timed {
  /** The main thread's number for the delivery. */
  readonly number: number;
  /** Its number in this thread while it is in flight. */
  slot = -1;
  readonly envelope: DecodedEnvelope;
  readonly agent: Agent;
  readonly startedMs: number;
  readonly #nowMs: () => number;
  readonly #end: AttemptEnd;
  sentMs = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #retryAfter: string | null = null;
  #readBytes = 0;
  #kept: Buffer[] | null = null;
  #over = false;

  constructor(number: number, envelope: DecodedEnvelope, agent: Agent, nowMs: () => number, end: AttemptEnd) {
    this.number = number;
    this.envelope = envelope;
    this.agent = agent;
    this.#nowMs = nowMs;
    this.startedMs = nowMs();
    this.#end = end;
  }

  get answered(): boolean {
    return this.#status !== 0;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) controller.abort(new Error('the attempt is over'));
    else this.sentMs = this.#nowMs();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
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
    if (this.#readBytes > MAX_READ_BYTES) this.#finish(this.#answer(), true);
  }

  onResponseEnd(): void {
    this.#finish(this.#answer(), false);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  /** It met an error, before or after the request left; a status that had come by then counts. */
  fail(error: Error): void {
    this.#finish(this.answered ? this.#answer() : outcomeOfError(error, this.sentMs > 0), false);
  }

  /** A deadline has passed: what is known counts. */
  expire(code: Extract<BrokenCode, 'read-timeout' | 'total-timeout'>): void {
    if (this.answered) this.#finish(this.#answer(), true);
    else if (this.sentMs === 0)
      this.#finish(
        { kind: 'unreachable', code: 'connect-timeout', error: 'no connection before the total deadline' },
        true,
      );
    else
      this.#finish(
        {
          kind: 'broken',
          code,
          error: `no status ${Math.round(this.#nowMs() - this.sentMs)} ms after the request`,
        },
        true,
      );
  }

  /** Ends it because the engine stops. */
  handBack(): void {
    this.#finish(this.#status >= 200 && this.#status < 300 ? this.#answer() : { kind: 'handed-back' }, true);
  }

  #answer(): Outcome {
    const status = this.#status;
    if (status < 300) return { kind: 'delivered', status };
    const body = this.#kept === null ? '' : Buffer.concat(this.#kept).toString();
    return { kind: 'answered', response: { status, body, retryAfter: this.#retryAfter } };
  }

  #finish(outcome: Outcome, cut: boolean): void {
    if (this.#over) return;
    this.#over = true;
    if (cut) this.#controller?.abort(new Error('the attempt is over'));
    this.#end(this, outcome);
  }
}
