/** What a request presents for verification, read strictly: every form has one spelling, and what deviates is refused. */
import { isArrayBuffer, isUint8Array } from 'node:util/types';
import { SCHEME_FORMS, type SchemeForm } from './schemes.ts';

/** Headers as Node, Express or the fetch API give them: names in any case, or anything that yields names and values. */
export type HeaderSource =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>;

/** The signing headers of a request by name, in lower case; null for one that is there several times. */
export type SigningHeaders = ReadonlyMap<string, string | null>;

/** What one scheme's headers say; all of it is the sender's word until a signature matches. */
export interface Presented {
  readonly id: string | null;
  /** As it was signed. */
  readonly timestamp: string | null;
  readonly hmacs: readonly Buffer[];
  readonly ed25519: readonly Buffer[];
}

/** The entries of a signature header that are looked at: more secrets than anyone rotates, and a bound to the work. */
const MAX_SIGNATURES = 16;
const HMAC_BYTES = 32;
/** RFC 8032 §5.1.6. */
const ED25519_BYTES = 64;

/**
 * Ids do not begin as JSON text with dots in it does. So the signature of a body alone, which the same key may have
 * made, cannot be passed off as one over an id, a time and a shorter body.
 */
const ID = /^(?!["[{])[\x21-\x7e]{1,256}$/;
/** Unix seconds that a Date can hold, in the one way to write them. */
const TIMESTAMP = /^(?:0|[1-9]\d{0,11})$/;

const NAMES: ReadonlySet<string> = new Set(
  Object.values(SCHEME_FORMS).flatMap(({ signatureHeader, idHeader, timestampHeader }) =>
    [signatureHeader, idHeader, timestampHeader].filter((name) => name !== null),
  ),
);

export function signingHeaders(source: HeaderSource): SigningHeaders {
  const found = new Map<string, string | null>();
  for (const [name, value] of pairsOf(source)) {
    const lower = typeof name === 'string' ? name.toLowerCase() : '';
    if (!NAMES.has(lower) || value === undefined) continue;
    const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
    found.set(lower, typeof one === 'string' && !found.has(lower) ? one : null);
  }
  return found;
}

function pairsOf(source: unknown): (readonly unknown[])[] {
  if (typeof source !== 'object' || source === null) return [];
  return Symbol.iterator in source
    ? [...(source as Iterable<unknown>)].filter((pair) => Array.isArray(pair))
    : Object.entries(source);
}

/** The bytes of a body; null for what is none, as a body that a framework has parsed already. */
export function bodyBytes(body: unknown): Uint8Array | null {
  if (typeof body === 'string') return Buffer.from(body);
  if (isUint8Array(body)) return body;
  return isArrayBuffer(body) ? new Uint8Array(body) : null;
}

/** What the headers of a scheme, whose signature header is there, present; or what is wrong with them. */
export function presentedBy(form: SchemeForm, headers: SigningHeaders): Presented | string {
  const { signatureHeader, idHeader, timestampHeader, label, ed25519Label, encoding } = form;
  for (const name of [signatureHeader, idHeader, timestampHeader]) {
    if (name === null) continue;
    if (!headers.has(name)) return `${signatureHeader} came without ${name}`;
    if (headers.get(name) === null) return `${name} is there more than once`;
  }
  const entries = entriesOf(form, headers.get(signatureHeader)!);
  const id = idHeader === null ? null : headers.get(idHeader)!;
  const timestamp = timestampOf(form, headers, entries);
  if (id !== null && !ID.test(id))
    return `${idHeader} is not an id: 1 to 256 visible ASCII characters, the first none of " [ {`;
  if (timestamp !== null && !TIMESTAMP.test(timestamp))
    return `${timestampHeader ?? signatureHeader} does not give the time in unix seconds`;
  const hmacs = signaturesOf(entries, label, encoding, HMAC_BYTES);
  const ed25519 = ed25519Label === null ? [] : signaturesOf(entries, ed25519Label, encoding, ED25519_BYTES);
  if (hmacs.length + ed25519.length === 0)
    return `${signatureHeader} holds no signature of the form ${label}<${encoding}>`;
  return { id, timestamp, hmacs, ed25519 };
}

/** The time as it was signed, not checked yet; null where the scheme signs none. */
function timestampOf(
  { timestampHeader, timestampLabel }: SchemeForm,
  headers: SigningHeaders,
  entries: readonly string[],
): string | null {
  if (timestampHeader !== null) return headers.get(timestampHeader)!;
  if (timestampLabel === null) return null;
  const [time, ...others] = entries.filter((entry) => entry.startsWith(timestampLabel));
  return time === undefined || others.length > 0 ? '' : time.slice(timestampLabel.length);
}

function entriesOf({ separator, timestampLabel }: SchemeForm, value: string): string[] {
  if (separator === null) return [value];
  return value.split(separator, timestampLabel === null ? MAX_SIGNATURES : MAX_SIGNATURES + 1);
}

/** Decoded; what has another label, length or spelling is left out. */
function signaturesOf(
  entries: readonly string[],
  label: string,
  encoding: 'hex' | 'base64',
  bytes: number,
): Buffer[] {
  return entries.flatMap((entry) => {
    if (!entry.startsWith(label)) return [];
    const text = entry.slice(label.length);
    const signature = Buffer.from(text, encoding);
    return signature.length === bytes && signature.toString(encoding) === text ? [signature] : [];
  });
}
