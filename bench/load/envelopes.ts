/** Makes the envelopes of a stream, as a producer in another language would: texts put together, nothing validated. */
import { EVENT_TYPE } from '../contenders/request.ts';
import { payloads } from '../payload.ts';
import { eventId } from './event-id.ts';

export interface EnvelopeSpec {
  /** Of `a-z`: part of the ids. */
  readonly stream: string;
  /** Used in turn; each is a destination of its own. */
  readonly urls: readonly string[];
  readonly bodyBytes: number;
}

/** Above this size one payload serves all events of a stream, in bytes: bounds what its texts take in memory. */
const LARGE_BYTES = 65_536;

export class Envelopes {
  readonly #stream: string;
  readonly #heads: readonly string[];
  readonly #tails: readonly string[];

  constructor({ stream, urls, bodyBytes }: EnvelopeSpec) {
    this.#stream = stream;
    this.#heads = urls.map(
      (url, index) =>
        `","destination":"${stream}-${index}","url":"${url}","type":"${EVENT_TYPE}","timestamp":`,
    );
    const bodies = bodyBytes > LARGE_BYTES ? [largePayload(bodyBytes)] : payloads(bodyBytes);
    this.#tails = bodies.map((payload) => `,"payload":${JSON.stringify(payload)}}`);
  }

  /** `dueMicros` on the machine's clock; `nowMs` is the event's timestamp. */
  text(number: number, dueMicros: number, nowMs: number): string {
    const head = this.#heads[number % this.#heads.length]!;
    const tail = this.#tails[number % this.#tails.length]!;
    return `{"id":"${eventId(this.#stream, number, dueMicros)}${head}${nowMs}${tail}`;
  }
}

/** One long text: what makes bodies that large is files, not many members. */
function largePayload(bodyBytes: number): { readonly file: string } {
  return { file: 'x'.repeat(bodyBytes - JSON.stringify({ file: '' }).length) };
}
