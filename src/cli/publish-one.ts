/** One event from flags. */
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { OptionValues } from '../config/options.ts';
import { parseDuration } from '../config/values.ts';
import { isRejection } from '../delivery/envelope.ts';
import { MAX_BODY_BYTES, MAX_ENVELOPE_BYTES, MAX_SCHEDULED_MS } from '../delivery/event.ts';
import { parseTimestamp } from '../delivery/fields.ts';
import { isJsonText } from '../delivery/json-scan.ts';
import { EXIT, errorCode, VolleyError } from '../errors.ts';
import { eventIdMint } from '../publish/event-id.ts';
import { eventOf } from '../publish/lines.ts';
import { Publisher } from '../publish/publisher.ts';
import type { EventFlags } from './event-flags.ts';
import { headerOf } from './header-text.ts';
import { print } from './terminal.ts';

/** Publishes the event that the flags describe and prints its id. */
export async function publishOne(
  { broker, queue }: Pick<OptionValues, 'broker' | 'queue'>,
  flags: EventFlags & { readonly url: string },
  json: boolean,
): Promise<number> {
  const event = eventOf(await envelopeOfFlags(flags, Date.now()), eventIdMint()());
  if (isRejection(event)) throw invalid(event.detail);
  const publisher = new Publisher({ broker, queue });
  try {
    const id = await publisher.publish(event);
    await print(json ? JSON.stringify({ published: 1, rejected: 0, id }) : id);
    return EXIT.done;
  } finally {
    await publisher.close();
  }
}

/** The envelope, with the payload as it was written: parsing it would round its large numbers. `nowMs`: epoch milliseconds. */
async function envelopeOfFlags(flags: EventFlags, nowMs: number): Promise<Buffer> {
  const { url, type, payload, body, id, destination, timestamp, header } = flags;
  if (type === null) throw usage('--type is missing: name what happened, for example --type order.updated');
  if (payload !== null && body !== null) throw usage('--payload and --body are both given: keep one');
  if (payload === null && body === null)
    throw usage('--payload is missing: give JSON, for example --payload \'{"id":7}\', or @FILE');
  const content = payload === null ? null : await jsonOf('payload', payload);
  const head = JSON.stringify({
    url,
    type,
    id: id ?? undefined,
    destination: destination ?? undefined,
    timestamp: numberOrText(timestamp) ?? undefined,
    orderingKey: flags['ordering-key'] ?? undefined,
    deliverAt: timeOf('deliver-at', flags['deliver-at'], nowMs),
    expiresAt: timeOf('expires-at', flags['expires-at'], nowMs),
    headers: Object.fromEntries(header.map(headerOf)),
    body: body === null ? undefined : (await jsonOf('body', body)).toString(),
  });
  if (content === null) return Buffer.from(head);
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"payload":`), content, Buffer.from('}')]);
}

function numberOrText(text: string | null): number | string | null {
  return text !== null && /^-?\d+$/.test(text) ? Number(text) : text;
}

/** The time a flag gives, as an envelope holds it; a duration counts from `nowMs`. Throws VOLLEY_USAGE for what is no time. */
function timeOf(flag: string, text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined;
  const time = numberOrText(text);
  const inMs = typeof time === 'string' ? parseDuration(time.replace(/^\+/, '')) : null;
  const timeMs = inMs === null ? parseTimestamp(time) : nowMs + inMs;
  if (timeMs !== null && inMs !== null && timeMs > MAX_SCHEDULED_MS)
    throw usage(
      `--${flag} is ${JSON.stringify(text)}, which is too far ahead: the latest time is ${new Date(MAX_SCHEDULED_MS).toISOString()}`,
    );
  if (timeMs !== null) return timeMs;
  throw usage(
    `--${flag} is ${JSON.stringify(text)}: give a time such as 2026-11-23T18:00:00Z, or how long from now, such as 10m`,
  );
}

/** The JSON text a flag gives, or whose file it names. Throws VOLLEY_EVENT_INVALID for what is not JSON. */
async function jsonOf(flag: string, given: string): Promise<Buffer> {
  const bytes = await textOf(flag, given);
  if (isUtf8(bytes) && isJsonText(bytes)) return bytes;
  const source = given === '-' ? 'standard input' : given.startsWith('@') ? given.slice(1) : `--${flag}`;
  throw invalid(
    `${source} is not valid JSON (RFC 8259) in UTF-8: quote names and text, for example '{"id":7}'`,
  );
}

async function textOf(flag: string, given: string): Promise<Buffer> {
  if (given !== '-' && !given.startsWith('@')) return Buffer.from(given);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of given === '-' ? process.stdin : createReadStream(given.slice(1))) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      // White space does not count, as --payload is made compact; that there is a bound does.
      if (bytes > MAX_ENVELOPE_BYTES) break;
    }
  } catch (error) {
    throw usage(`--${flag} ${given} cannot be read (${errorCode(error)}): name a readable file after the @`);
  }
  if (bytes <= MAX_ENVELOPE_BYTES) return Buffer.concat(chunks);
  throw invalid(
    `--${flag} ${given} has more than ${MAX_ENVELOPE_BYTES} bytes, the limit is ${MAX_BODY_BYTES}: send a reference to the data instead`,
  );
}

function usage(message: string): VolleyError {
  return new VolleyError('VOLLEY_USAGE', message);
}

function invalid(message: string): VolleyError {
  return new VolleyError('VOLLEY_EVENT_INVALID', message);
}
