/**
 * Writes envelopes. What routes a delivery comes first and the payload last, so that the main thread of a worker reads
 * only the first bytes (`peekDestination`).
 */

import { shown } from '../runtime/shown.ts';
import { bodySizeFault, bodyTextFault, FIELDS, invalid, isRejection, type Rejection } from './envelope.ts';
import type { VolleyEvent } from './event.ts';
import {
  destinationFault,
  headersFault,
  idFault,
  orderingKeyFault,
  parseTimestamp,
  scheduleFault,
  TIMESTAMP_FAULT,
  typeFault,
  urlFault,
} from './fields.ts';

const CLOSE = Buffer.from('}');

/** Turns an event into the bytes that are queued, and says what is wrong with one that cannot be. `id` and `nowMs` fill what is absent. */
export function encodeEnvelope(event: VolleyEvent, mintId: () => string, nowMs: number): Buffer | Rejection {
  if (typeof event !== 'object' || event === null) return invalid('an event must be an object');
  const timestampMs = parseTimestamp(numberOf(event.timestamp ?? nowMs));
  const deliverAt = numberOf(event.deliverAt);
  const expiresAt = numberOf(event.expiresAt);
  const fault =
    spellingFault(event) ??
    urlFault(event.url) ??
    typeFault(event.type) ??
    (event.id === undefined ? null : idFault(event.id)) ??
    (event.destination === undefined ? null : destinationFault(event.destination)) ??
    (event.orderingKey === undefined ? null : orderingKeyFault(event.orderingKey)) ??
    (timestampMs === null ? TIMESTAMP_FAULT : null) ??
    scheduleFault(deliverAt, expiresAt) ??
    (event.headers === undefined ? null : headersFault(event.headers));
  if (fault !== null) return invalid(fault);
  const body = encodeBody(event);
  if (isRejection(body.bytes)) return body.bytes;
  const head = JSON.stringify({
    id: event.id ?? mintId(),
    destination: event.destination ?? new URL(event.url).origin,
    orderingKey: event.orderingKey,
    url: event.url,
    type: event.type,
    timestamp: timestampMs,
    deliverAt: parseTimestamp(deliverAt) ?? undefined,
    expiresAt: parseTimestamp(expiresAt) ?? undefined,
    headers: event.headers,
  });
  return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"${body.field}":`), body.bytes, CLOSE]);
}

/** The members by their letters alone. */
const BY_LETTERS = new Map(FIELDS.map((field) => [lettersOf(field), field]));
const KNOWN = new Set<string>(FIELDS);

/**
 * What is wrong with a member that differs from a known one in case and separators alone, such as `expires_at`: left out in
 * silence, it would be missed only when it is too late. Others are let be: whoever publishes may have more to its events.
 */
function spellingFault(event: VolleyEvent): string | null {
  for (const [name, value] of Object.entries(event)) {
    if (KNOWN.has(name) || value === undefined) continue;
    const meant = BY_LETTERS.get(lettersOf(name));
    if (meant !== undefined) return `${shown(name)} is no member of an event: write ${meant}`;
  }
  return null;
}

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z]/g, '');
}

/** A Date as epoch milliseconds, and anything else as it is. */
function numberOf(time: unknown): unknown {
  return time instanceof Date ? time.getTime() : time;
}

/** The member that carries the body, and its JSON text. */
function encodeBody(event: VolleyEvent): { field: 'payload' | 'body'; bytes: Buffer | Rejection } {
  if (event.body === undefined) {
    if (event.payload === undefined)
      return { field: 'payload', bytes: invalid('"payload" or "body" is missing') };
    let text: string | undefined;
    try {
      text = JSON.stringify(event.payload);
    } catch (error) {
      return {
        field: 'payload',
        bytes: invalid(`"payload" is not JSON: ${(error as Error).message.split('\n', 1)[0]}`),
      };
    }
    if (text === undefined)
      return { field: 'payload', bytes: invalid(`"payload" is a ${typeof event.payload}, not JSON`) };
    const bytes = Buffer.from(text);
    return { field: 'payload', bytes: bodySizeFault(bytes.length) ?? bytes };
  }
  if (event.payload !== undefined)
    return { field: 'body', bytes: invalid('"payload" and "body" are both given: keep one') };
  if (typeof event.body !== 'string' && !(event.body instanceof Uint8Array))
    return { field: 'body', bytes: invalid('"body" must be a string that is itself JSON') };
  const raw = Buffer.from(event.body as string);
  const fault = bodySizeFault(raw.length) ?? bodyTextFault(raw);
  return { field: 'body', bytes: fault ?? Buffer.from(JSON.stringify(raw.toString())) };
}
