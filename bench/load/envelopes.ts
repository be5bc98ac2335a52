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
    this.#tails = payloads(bodyBytes).map((payload) => `,"payload":${JSON.stringify(payload)}}`);
  }

  /** `dueMicros` on the machine's clock; `nowMs` is the event's timestamp. */
  text(number: number, dueMicros: number, nowMs: number): string {
    const head = this.#heads[number % this.#heads.length]!;
    const tail = this.#tails[number % this.#tails.length]!;
    return `{"id":"${eventId(this.#stream, number, dueMicros)}${head}${nowMs}${tail}`;
  }
}
