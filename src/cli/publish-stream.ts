/** Events from standard input, one envelope a line. */
import { performance } from 'node:perf_hooks';
import type { OptionValues } from '../config/options.ts';
import { isRejection } from '../delivery/envelope.ts';
import { MAX_ENVELOPE_BYTES, type VolleyEvent } from '../delivery/event.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { eventIdMint } from '../publish/event-id.ts';
import { eventOf, type Line, readLines } from '../publish/lines.ts';
import { Publisher } from '../publish/publisher.ts';
import { NearMisses } from './near-misses.ts';
import { Progress } from './progress.ts';
import { BadLines, isBlank, withoutBom } from './stream-lines.ts';
import { print } from './terminal.ts';

/**
 * Chunks of standard input (64 KiB each) that are on their way to the broker while the next one is read: enough for
 * the publisher to fill its batches, and what bounds memory however long the stream is.
 */
const CHUNKS_IN_FLIGHT = 32;

/** Where events go. Resolves when they are queued. */
export interface EventSink {
  publish(events: readonly VolleyEvent[]): Promise<unknown>;
}

/** Lines that are published together. */
interface Chunk {
  readonly lastLine: number;
  readonly published: Promise<void>;
}

/** Publishes the envelopes on standard input. Answers 1 when some line was none. */
export async function publishStream(
  { broker, queue }: Pick<OptionValues, 'broker' | 'queue'>,
  json: boolean,
): Promise<number> {
  const startMs = performance.now();
  const publisher = new Publisher({ broker, queue });
  const stream = new EventStream(publisher);
  try {
    await stream.publishAll(process.stdin);
  } finally {
    await publisher.close();
  }
  const { published, rejected } = stream;
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  const summary = `published ${published} in ${seconds} s${rejected === 0 ? '' : `, rejected ${rejected}`}`;
  await print(json ? JSON.stringify({ published, rejected }) : summary);
  return rejected === 0 ? EXIT.done : EXIT.workFailed;
}

/** Envelopes, one a line, on their way to the broker. */
export class EventStream {
  published = 0;
  readonly #publisher: EventSink;
  readonly #mintId = eventIdMint();
  readonly #progress = new Progress('published');
  readonly #badLines = new BadLines('that are no envelope', this.#progress);
  readonly #nearMisses = new NearMisses(this.#progress);
  /** The last line that is known to be with the broker, as are all before it. */
  #confirmedLine = 0;

  constructor(publisher: EventSink) {
    this.#publisher = publisher;
  }

  get rejected(): number {
    return this.#badLines.count;
  }

  async publishAll(input: AsyncIterable<Buffer>): Promise<void> {
    const inFlight: Chunk[] = [];
    try {
      for await (const lines of readLines(input, MAX_ENVELOPE_BYTES)) {
        const published = this.#publish(lines);
        // It is awaited below, maybe after another has failed.
        published.catch(() => {});
        inFlight.push({ lastLine: lines.at(-1)!.number, published });
        if (inFlight.length >= CHUNKS_IN_FLIGHT) await this.#confirm(inFlight.shift()!);
      }
      for (const chunk of inFlight) await this.#confirm(chunk);
      this.#badLines.summarise();
    } catch (error) {
      throw this.#stoppedBy(error);
    } finally {
      this.#progress.clear();
    }
  }

  async #publish(lines: readonly Line[]): Promise<void> {
    const events: VolleyEvent[] = [];
    for (const line of lines) {
      const event = this.#read(line);
      if (event !== null) events.push(event);
    }
    await this.#publisher.publish(events);
    this.published += events.length;
    this.#progress.add(events.length);
  }

  /** To be called in the order of the lines: one that is queued says nothing of those before it. */
  async #confirm({ lastLine, published }: Chunk): Promise<void> {
    await published;
    this.#confirmedLine = lastLine;
  }

  /** The event of a line; null for an empty one, and for one that is none, which is reported. */
  #read({ number, bytes }: Line): VolleyEvent | null {
    if (bytes === null) return this.#reject(number, `longer than ${MAX_ENVELOPE_BYTES} bytes`);
    const envelope = withoutBom(number, bytes);
    if (isBlank(envelope)) return null;
    const unknown: string[] = [];
    const event = eventOf(envelope, this.#mintId(), (name) => unknown.push(name));
    if (isRejection(event)) return this.#reject(number, event.detail);
    for (const name of unknown) this.#nearMisses.met(number, name);
    return event;
  }

  #reject(number: number, detail: string): null {
    this.#badLines.report(number, detail);
    return null;
  }

  /** The error that ended the stream, with where to go on. */
  #stoppedBy(error: unknown): unknown {
    if (!(error instanceof VolleyError)) return error;
    const place = this.#confirmedLine === 0 ? 'no line is' : `the first ${this.#confirmedLine} lines are`;
    return new VolleyError(error.code, `${error.message}; ${place} known to be queued`, { cause: error });
  }
}
