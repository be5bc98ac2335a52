/**
 * The rules of an envelope's fields, used where events are published and where they are taken from the queue.
 * Each check answers null when the value is fine, or else one line that says what is wrong and what would be right.
 */
import {
  MAX_DESTINATION_CHARS,
  MAX_HEADER_CHARS,
  MAX_HEADERS,
  MAX_ID_CHARS,
  MAX_ORDERING_KEY_CHARS,
  MAX_SCHEDULED_MS,
  MAX_TYPE_CHARS,
  MAX_URL_CHARS,
  MIN_SCHEDULED_MS,
} from './event.ts';

const ID = /^[A-Za-z0-9_.:-]+$/;
const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
/** ISO 8601 as RFC 3339 profiles it: a date and a time with its offset. */
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;
/** A header's name (RFC 9110 token) and its value without control characters, so that nothing can be injected. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Names an event's own headers cannot take: those that Volley sets, that frame the message, or that are hop-by-hop (RFC 9110 §7.6.1). */
const RESERVED_HEADERS = new Set([
  'host',
  'content-type',
  'content-length',
  'content-encoding',
  'user-agent',
  'expect',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'stripe-signature',
  'x-slack-request-timestamp',
  'x-slack-signature',
  'x-shopify-hmac-sha256',
]);
const RESERVED_PREFIXES = ['x-webhook-', 'x-hub-signature', 'webhook-', 'svix-'];

export function idFault(id: unknown): string | null {
  if (typeof id === 'string' && id.length <= MAX_ID_CHARS && ID.test(id)) return null;
  return `"id" must be 1 to ${MAX_ID_CHARS} of A-Z a-z 0-9 _ . : -`;
}

export function typeFault(type: unknown): string | null {
  if (type === undefined) return '"type" is missing: name what happened, for example "order.updated"';
  if (typeof type === 'string' && type.length <= MAX_TYPE_CHARS && PRINTABLE.test(type)) return null;
  return `"type" must be a string of 1 to ${MAX_TYPE_CHARS} printable ASCII characters`;
}

export function urlFault(url: unknown): string | null {
  if (url === undefined) return '"url" is missing: give the https URL of the receiver';
  if (typeof url !== 'string') return '"url" must be a string';
  if (url.length > MAX_URL_CHARS) return `"url" is longer than ${MAX_URL_CHARS} characters`;
  const parsed = URL.parse(url);
  if (parsed === null) return '"url" is not an absolute URL such as https://example.com/hooks';
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') return '"url" must begin with https://';
  if (parsed.username !== '' || parsed.password !== '') return '"url" must not hold a user name or password';
  return null;
}

export function destinationFault(destination: unknown): string | null {
  if (
    typeof destination === 'string' &&
    destination.length <= MAX_DESTINATION_CHARS &&
    PRINTABLE.test(destination)
  )
    return null;
  return `"destination" must be a string of 1 to ${MAX_DESTINATION_CHARS} printable ASCII characters`;
}

export function orderingKeyFault(key: unknown): string | null {
  if (typeof key === 'string' && key.length <= MAX_ORDERING_KEY_CHARS && PRINTABLE.test(key)) return null;
  return `"orderingKey" must be a string of 1 to ${MAX_ORDERING_KEY_CHARS} printable ASCII characters`;
}

/** Epoch milliseconds of a timestamp (RFC 3339 text or epoch milliseconds), or null when it is neither. */
export function parseTimestamp(timestamp: unknown): number | null {
  // The range of a Date, so that every accepted timestamp can be shown as one.
  if (typeof timestamp === 'number')
    return Number.isFinite(timestamp) && Math.abs(timestamp) <= 8.64e15 ? Math.trunc(timestamp) : null;
  if (typeof timestamp !== 'string' || !RFC3339.test(timestamp)) return null;
  const ms = Date.parse(timestamp);
  return Number.isNaN(ms) ? null : ms;
}

export const TIMESTAMP_FAULT = notATime('timestamp');

/** What is wrong with the times between which a delivery may be attempted; each undefined where it is absent. */
export function scheduleFault(deliverAt: unknown, expiresAt: unknown): string | null {
  const fault =
    (deliverAt === undefined ? null : scheduledTimeFault('deliverAt', deliverAt)) ??
    (expiresAt === undefined ? null : scheduledTimeFault('expiresAt', expiresAt));
  if (fault !== null || deliverAt === undefined || expiresAt === undefined) return fault;
  if (parseTimestamp(expiresAt)! > parseTimestamp(deliverAt)!) return null;
  return '"expiresAt" is not after "deliverAt", so it could never be sent: set it later, or leave one of them out';
}

function scheduledTimeFault(member: string, time: unknown): string | null {
  const ms = parseTimestamp(time);
  if (ms === null) return notATime(member);
  if (ms >= MIN_SCHEDULED_MS && ms <= MAX_SCHEDULED_MS) return null;
  return `"${member}" lies in the year ${new Date(ms).getUTCFullYear()}: epoch milliseconds have 13 digits (2001 to 2286), seconds have 10 and microseconds 16`;
}

function notATime(member: string): string {
  return `"${member}" must be ISO 8601 with an offset ("2026-11-23T18:00:00.000Z") or epoch milliseconds`;
}

export function headersFault(headers: unknown): string | null {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    return '"headers" must be an object of strings';
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) return `"headers" holds more than ${MAX_HEADERS}`;
  let chars = 0;
  for (const [name, value] of entries) {
    if (name.length > MAX_HEADER_CHARS) return `"headers" holds more than ${MAX_HEADER_CHARS} characters`;
    if (!TOKEN.test(name)) return `"headers": ${JSON.stringify(name)} is not a header name`;
    const lower = name.toLowerCase();
    if (RESERVED_HEADERS.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix)))
      return `"headers" cannot set ${lower}: Volley or HTTP itself does`;
    if (typeof value !== 'string' || !HEADER_VALUE.test(value))
      return `"headers": the value of ${lower} must be a string without control characters`;
    chars += name.length + value.length;
  }
  return chars > MAX_HEADER_CHARS ? `"headers" holds more than ${MAX_HEADER_CHARS} characters` : null;
}
