/** NDJSON (https://github.com/ndjson/ndjson-spec): a stream cut into lines, and a line read as an event. */
import { decodeEnvelope, isRejection, type OnUnknown, type Rejection } from '../delivery/envelope.ts';
import type { VolleyEvent } from '../delivery/event.ts';

export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without its line break; null for a line longer than is allowed, whose bytes were dropped. */
  readonly bytes: Buffer | null;
}

const LINE_FEED = 0x0a;

/** Cuts a stream into lines; yields those that each chunk completes. Holds no more than a chunk and one line of `maxBytes`. */
export async function* readLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line[]> {
  let number = 1;
  let parts: Buffer[] = [];
  let partBytes = 0;
  const take = (part: Buffer) => {
    partBytes += part.length;
    if (partBytes <= maxBytes) parts.push(part);
    else parts = [];
  };
  const complete = (): Line => {
    const bytes = partBytes > maxBytes ? null : parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    parts = [];
    partBytes = 0;
    return { number: number++, bytes };
  };
  for await (const chunk of chunks) {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, end));
      lines.push(complete());
      from = end + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (partBytes > 0) yield [complete()];
}

/**
 * The event that an envelope's bytes describe, with `mintedId` when they give no id; its payload is taken as the very bytes it
 * was written with. `onUnknown` is told of the members that do not become part of it.
 */
export function eventOf(
  envelope: Buffer,
  mintedId: string,
  onUnknown: OnUnknown | null = null,
): VolleyEvent | Rejection {
  const decoded = decodeEnvelope(envelope, mintedId, onUnknown);
  if (isRejection(decoded)) return decoded;
  const { id, url, type, timestampMs, destination, orderingKey, deliverAtMs, expiresAtMs, headers, body } =
    decoded;
  return {
    id,
    url,
    type,
    destination,
    body,
    ...(orderingKey !== null && { orderingKey }),
    ...(deliverAtMs !== null && { deliverAt: deliverAtMs }),
    ...(expiresAtMs !== null && { expiresAt: expiresAtMs }),
    ...(timestampMs !== null && { timestamp: timestampMs }),
    ...(headers !== null && { headers: Object.fromEntries(pairs(headers)) }),
  };
}

function* pairs(headers: readonly string[]): Generator<[string, string]> {
  for (let i = 0; i < headers.length; i += 2) yield [headers[i]!, headers[i + 1]!];
}
