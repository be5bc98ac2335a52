/** Events from standard input, one envelope a line. */
import { performance } from 'node:perf_hooks';
import type { OptionValues } from '../config/options.ts';
import { isRejection } from '../delivery/envelope.ts';
import { MAX_ENVELOPE_BYTES, type VolleyEvent } from '../delivery/event.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { eventIdMint } from '../publish/event-id.ts';
import { eventOf, type Line, readLines } from '../publish/lines.ts';
import { Publisher } from '../publish/publisher.ts';
import { Progress } from './progress.ts';
import { note, print } from './terminal.ts';

/**
 * Chunks of standard input (64 KiB each) that are on their way to the broker while the next one is read: enough for
 * the publisher to fill its batches, and what bounds memory however long the stream is.
 */
const CHUNKS_IN_FLIGHT = 32;
/** Bad lines that are reported one by one; beyond it they are counted. */
const MAX_REPORTED = 20;
const UTF8_BOM = Buffer.from('\ufeff');

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
  if (rejected > MAX_REPORTED) note(`and ${rejected - MAX_REPORTED} more lines that are no envelope`);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  const summary = `published ${published} in ${seconds} s${rejected === 0 ? '' : `, rejected ${rejected}`}`;
  await print(json ? JSON.stringify({ published, rejected }) : summary);
  return rejected === 0 ? EXIT.done : EXIT.workFailed;
}

class EventStream {
  published = 0;
  rejected = 0;
  readonly #publisher: Publisher;
  readonly #mintId = eventIdMint();
  readonly #progress = new Progress('published');
  /** The last line that is known to be with the broker, as are all before it. */
  #confirmedLine = 0;

  constructor(publisher: Publisher) {
    this.#publisher = publisher;
  }

  async publishAll(input: AsyncIterable<Buffer>): Promise<void> {
    const inFlight: Promise<void>[] = [];
    try {
      for await (const lines of readLines(input, MAX_ENVELOPE_BYTES)) {
        const published = this.#publish(lines);
        // It is awaited below, maybe after another has failed.
        published.catch(() => {});
        inFlight.push(published);
        if (inFlight.length >= CHUNKS_IN_FLIGHT) await inFlight.shift();
      }
      for (const published of inFlight) await published;
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
    this.#confirmedLine = lines.at(-1)!.number;
    this.#progress.add(events.length);
  }

  /** The event of a line; null for an empty one, and for one that is none, which is reported. */
  #read({ number, bytes }: Line): VolleyEvent | null {
    if (bytes === null) return this.#reject(number, `longer than ${MAX_ENVELOPE_BYTES} bytes`);
    const withoutBom =
      number === 1 && bytes.indexOf(UTF8_BOM) === 0 ? bytes.subarray(UTF8_BOM.length) : bytes;
    if (isBlank(withoutBom)) return null;
    const event = eventOf(withoutBom, this.#mintId());
    return isRejection(event) ? this.#reject(number, event.detail) : event;
  }

  #reject(number: number, detail: string): null {
    this.rejected++;
    if (this.rejected > MAX_REPORTED) return null;
    this.#progress.clear();
    note(`line ${number}: ${detail}`);
    return null;
  }

  /** The error that ended the stream, with where to go on. */
  #stoppedBy(error: unknown): unknown {
    if (!(error instanceof VolleyError)) return error;
    const place = this.#confirmedLine === 0 ? 'no line is' : `the first ${this.#confirmedLine} lines are`;
    return new VolleyError(error.code, `${error.message}; ${place} known to be queued`, { cause: error });
  }
}

/** True for a line of nothing but white space (a carriage return before the line feed included). */
function isBlank(bytes: Buffer): boolean {
  return bytes.length < MAX_BLANK_BYTES && bytes.toString().trim() === '';
}

/** A longer line is not blank by accident. */
const MAX_BLANK_BYTES = 64;
