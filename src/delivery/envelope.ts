/**
 * Reads envelopes: one JSON object per queued delivery (the public contract in README.md). `encode.ts` writes them.
 *
 * `peekDestination` on the main thread reads only the first bytes of what `encode.ts` wrote. Any other order of members
 * decodes just as well, at the price of a longer peek. Decoding validates every byte and copies none of the payload.
 */
import { isUtf8 } from 'node:buffer';
import { BoundedMap } from '../runtime/bounded-map.ts';
import { type DecodedEnvelope, MAX_BODY_BYTES, MAX_URL_CHARS } from './event.ts';
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
import {
  compactJson,
  INVALID,
  isJsonText,
  scanString,
  scanValue,
  skipSpace,
  spacesSoFar,
} from './json-scan.ts';

/** Why an envelope cannot be delivered; `detail` is one line for a person. */
export interface Rejection {
  readonly reason: 'not-json' | 'invalid-envelope' | 'body-too-large';
  readonly detail: string;
}

/** The members Volley knows, in the order that `encodeEnvelope` writes them; their index is their place in the scratch spans. */
export const FIELDS = [
  'id',
  'destination',
  'orderingKey',
  'url',
  'type',
  'timestamp',
  'deliverAt',
  'expiresAt',
  'headers',
  'payload',
  'body',
] as const;
const [ID, DESTINATION, ORDERING_KEY, URL_, TYPE, TIMESTAMP, DELIVER_AT, EXPIRES_AT, HEADERS, PAYLOAD, BODY] =
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const QUOTE = 0x22;
const UNKNOWN = -1;
/** The fields' names as bytes, by length: at most three have the same. */
const LONGEST_FIELD = 11;
const FIELDS_BY_LENGTH = Array.from({ length: LONGEST_FIELD + 1 }, (_, length) =>
  FIELDS.map((field, index) => ({ index, name: Buffer.from(field) })).filter(
    ({ name }) => name.length === length,
  ),
);

/** The field a key names, or UNKNOWN (and then ignored: a newer producer may say more). */
function fieldOf(bytes: Buffer, from: number, to: number): number {
  for (const { index, name } of FIELDS_BY_LENGTH[to - from] ?? []) {
    let i = 0;
    while (i < name.length && bytes[from + i] === name[i]) i++;
    if (i === name.length) return index;
  }
  return UNKNOWN;
}

/** Where the value of each field lies: `[from, to)` at 2 × its index; from 0 when absent, as no value starts there. One walk at a time uses it. */
const spans = new Int32Array(FIELDS.length * 2);
/** White space between the tokens of the payload that was walked over last, in bytes. */
let payloadSpaces = 0;

/** Told of the name of a member that Volley does not know. */
export type OnUnknown = (name: string) => void;

/** Fills `spans` from the envelope's top level, up to and with the field `last` if that is met; answers what is wrong, or null. */
function walkMembers(bytes: Buffer, last: number, onUnknown: OnUnknown | null = null): Rejection | null {
  const end = bytes.length;
  spans.fill(0);
  let at = skipSpace(bytes, 0, end);
  if (bytes[at] !== 0x7b) return isJsonText(bytes) ? invalid('the envelope is not a JSON object') : NOT_JSON;
  at = skipSpace(bytes, at + 1, end);
  if (bytes[at] === 0x7d) return atEnd(bytes, at + 1);
  for (;;) {
    const keyEnd = scanString(bytes, at, end);
    if (keyEnd === INVALID) return NOT_JSON;
    const field = fieldOf(bytes, at + 1, keyEnd - 1);
    if (field === UNKNOWN) onUnknown?.(JSON.parse(bytes.toString('utf8', at, keyEnd)) as string);
    at = skipSpace(bytes, keyEnd, end);
    if (bytes[at] !== 0x3a) return NOT_JSON;
    at = skipSpace(bytes, at + 1, end);
    const spacesBefore = spacesSoFar();
    const valueEnd = scanValue(bytes, at, end);
    if (valueEnd === INVALID) return NOT_JSON;
    if (field === PAYLOAD) payloadSpaces = spacesSoFar() - spacesBefore;
    if (field !== UNKNOWN) {
      if (spans[field * 2] !== 0) return invalid(`"${FIELDS[field]}" is there twice`);
      spans[field * 2] = at;
      spans[field * 2 + 1] = valueEnd;
      if (field === last) return null;
    }
    at = skipSpace(bytes, valueEnd, end);
    if (bytes[at] === 0x7d) return atEnd(bytes, at + 1);
    if (bytes[at] !== 0x2c) return NOT_JSON;
    at = skipSpace(bytes, at + 1, end);
  }
}

function atEnd(bytes: Buffer, at: number): Rejection | null {
  return skipSpace(bytes, at, bytes.length) === bytes.length ? null : NOT_JSON;
}

const NOT_JSON: Rejection = {
  reason: 'not-json',
  detail: 'the queued element is not valid JSON (RFC 8259) in UTF-8',
};

/** How much of an envelope is turned into text at once, in bytes: where the publisher puts all but the payload. */
const HEAD_BYTES = 384;
/** Printable ASCII without a backslash: a string's text that is its value, whatever its encoding. */
const PLAIN = /^[\x20-\x5b\x5d-\x7e]*$/;

/**
 * The value of a field as a JavaScript value; undefined when the envelope lacks it. `head` is the bytes' beginning as
 * Latin-1, from which plain strings are cut: one call into native code instead of one for each.
 */
function fieldValue(bytes: Buffer, field: number, head = ''): unknown {
  const from = spans[field * 2]!;
  if (from === 0) return undefined;
  const to = spans[field * 2 + 1]!;
  if (bytes[from] === QUOTE) {
    const text =
      to <= head.length ? head.slice(from + 1, to - 1) : bytes.toString('latin1', from + 1, to - 1);
    if (PLAIN.test(text)) return text;
  }
  return JSON.parse(bytes.toString('utf8', from, to));
}

/**
 * The lane key of an envelope, read as cheaply as its order of members allows.
 * Null when there is none to be had: the full decoding will say why.
 */
export function peekDestination(bytes: Buffer): string | null {
  if (walkMembers(bytes, DESTINATION) !== null) return null;
  const destination = fieldValue(bytes, DESTINATION);
  if (destination !== undefined)
    return destinationFault(destination) === null ? (destination as string) : null;
  const url = fieldValue(bytes, URL_);
  return typeof url === 'string' && url.length <= MAX_URL_CHARS ? originOf(url) : null;
}

/** The id that an envelope carries, as far as it can be read; null when it carries no valid one. */
export function peekId(bytes: Buffer): string | null {
  if (walkMembers(bytes, ID) !== null) return null;
  const id = fieldValue(bytes, ID);
  return idFault(id) === null ? (id as string) : null;
}

/** Origins by the raw text in front of the path, so that a URL is parsed once for many events. */
const ORIGINS_KEPT = 20_000;
const origins = new BoundedMap<string, string | null>(ORIGINS_KEPT);

/** The origin of a URL, for example `https://example.com:8443`, or null for what is not a URL. */
export function originOf(url: string): string | null {
  const raw = /^[a-zA-Z]+:\/\/[^/?#\\]*/.exec(url)?.[0] ?? url;
  let origin = origins.get(raw);
  if (origin === undefined) {
    origin = URL.parse(raw)?.origin ?? URL.parse(url)?.origin ?? null;
    origins.set(raw, origin);
  }
  return origin;
}

/** URLs found fine, so that one is parsed once for many events. */
const SOUND_URLS_KEPT = 10_000;
const soundUrls = new BoundedMap<string, true>(SOUND_URLS_KEPT);

function knownUrlFault(url: unknown): string | null {
  if (soundUrls.has(url as string)) return null;
  const fault = urlFault(url);
  if (fault === null) soundUrls.set(url as string, true);
  return fault;
}

/** Decodes and validates an envelope. `mintedId` is its id when it carries none. The body is a view on `bytes` where it can be. */
export function decodeEnvelope(
  bytes: Buffer,
  mintedId: string,
  onUnknown: OnUnknown | null = null,
): DecodedEnvelope | Rejection {
  if (!isUtf8(bytes)) return NOT_JSON;
  const malformed = walkMembers(bytes, UNKNOWN, onUnknown);
  if (malformed !== null) return malformed;
  const head = bytes.toString('latin1', 0, Math.min(bytes.length, HEAD_BYTES));
  const id = fieldValue(bytes, ID, head) ?? mintedId;
  const url = fieldValue(bytes, URL_, head);
  const type = fieldValue(bytes, TYPE, head);
  const destination = fieldValue(bytes, DESTINATION, head);
  const timestamp = fieldValue(bytes, TIMESTAMP, head);
  const timestampMs = timestamp === undefined ? null : parseTimestamp(timestamp);
  const orderingKey = fieldValue(bytes, ORDERING_KEY, head);
  const deliverAt = fieldValue(bytes, DELIVER_AT, head);
  const expiresAt = fieldValue(bytes, EXPIRES_AT, head);
  const headers = fieldValue(bytes, HEADERS);
  const fault =
    knownUrlFault(url) ??
    typeFault(type) ??
    idFault(id) ??
    (destination === undefined ? null : destinationFault(destination)) ??
    (orderingKey === undefined ? null : orderingKeyFault(orderingKey)) ??
    (timestamp !== undefined && timestampMs === null ? TIMESTAMP_FAULT : null) ??
    scheduleFault(deliverAt, expiresAt) ??
    (headers === undefined ? null : headersFault(headers));
  if (fault !== null) return invalid(fault);
  const body = decodeBody(bytes);
  if (isRejection(body)) return body;
  return {
    id: id as string,
    url: url as string,
    type: type as string,
    timestampMs,
    destination: (destination as string | undefined) ?? originOf(url as string)!,
    orderingKey: (orderingKey as string | undefined) ?? null,
    deliverAtMs: parseTimestamp(deliverAt),
    expiresAtMs: parseTimestamp(expiresAt),
    headers: headers === undefined ? null : Object.entries(headers as Record<string, string>).flat(),
    body,
  };
}

function decodeBody(bytes: Buffer): Buffer | Rejection {
  const payloadFrom = spans[PAYLOAD * 2]!;
  const bodyFrom = spans[BODY * 2]!;
  if (payloadFrom !== 0 && bodyFrom !== 0) return invalid('"payload" and "body" are both given: keep one');
  if (payloadFrom !== 0) {
    const payload = bytes.subarray(payloadFrom, spans[PAYLOAD * 2 + 1]);
    const body = payloadSpaces === 0 ? payload : compactJson(payload, payloadSpaces);
    return bodySizeFault(body.length) ?? body;
  }
  if (bodyFrom === 0) return invalid('"payload" or "body" is missing');
  const text = fieldValue(bytes, BODY);
  if (typeof text !== 'string') return invalid('"body" must be a string that is itself JSON');
  const body = Buffer.from(text);
  return bodySizeFault(body.length) ?? bodyTextFault(body) ?? body;
}

/** What is wrong with the size of a body; null when it is fine. */
export function bodySizeFault(bodyBytes: number): Rejection | null {
  if (bodyBytes <= MAX_BODY_BYTES) return null;
  return {
    reason: 'body-too-large',
    detail: `the body has ${bodyBytes} bytes, the limit is ${MAX_BODY_BYTES}: send a reference to the data instead`,
  };
}

/** What is wrong with the bytes of a "body", which must be JSON by itself; null when they are fine. */
export function bodyTextFault(body: Buffer): Rejection | null {
  return isUtf8(body) && isJsonText(body) ? null : invalid('"body" must be a string that is itself JSON');
}

export function invalid(detail: string): Rejection {
  return { reason: 'invalid-envelope', detail };
}

/** True for a decoding that failed. */
export function isRejection(decoded: object): decoded is Rejection {
  return 'reason' in decoded;
}
