/**
 * Verifying a request that was signed by one of the schemes, for receivers.
 *
 * Whoever has caught a request can leave out any of its headers, so a rule that asks more of a request that carries
 * more protects nobody. What counts is what is asked of every request:
 *
 * - Without `schemes`: one signature over the body and the time matches, and the time is near. Those over the body
 *   alone (hub, shopify) never count, as they are as good in a year as today. Volley sends standard beside hub.
 * - With `schemes`: each of these is there, and matches. Name what your sender sends and you rely on.
 */
import { createHmac, timingSafeEqual, verify as verifyEd25519 } from 'node:crypto';
import { VolleyError } from '../errors.ts';
import { type Key, keysOf, schemesFault } from './keys.ts';
import {
  bodyBytes,
  type HeaderSource,
  type Presented,
  presentedBy,
  type SigningHeaders,
  signingHeaders,
} from './presented.ts';
import { SCHEME_FORMS, SIGNATURE_SCHEMES, type SignatureScheme, signsTime } from './schemes.ts';

export interface SignedRequest {
  readonly headers: HeaderSource;
  /** The bytes as they came. JSON that was parsed and written again is no longer what was signed. */
  readonly body: Uint8Array | ArrayBuffer | string;
  /** Any of these may have signed, at least one: symmetric, `whsec_…`, `whpk_…` or `whsk_…`. */
  readonly secrets: readonly string[];
  /** How far the signed time may be from now, before or after, in seconds: 0 or more; 300 unless said. */
  readonly toleranceSeconds?: number;
  /** The time now, in epoch milliseconds; the clock's unless said. */
  readonly nowMs?: number;
  /** The schemes that the request must carry, all of them; unless said, any one that signs the time. */
  readonly schemes?: readonly SignatureScheme[];
}

export interface Verified {
  readonly scheme: SignatureScheme;
  /** The signed id, to see by that an event came before; null where the scheme signs none. */
  readonly id: string | null;
  /** When the request was signed; null where the scheme does not sign it. */
  readonly timestamp: Date | null;
}

/** Why a request is not valid. */
export type InvalidReason =
  /** It carries no signature that would count. */
  | 'absent'
  /** A header is not as the scheme has it. */
  | 'malformed'
  /** No secret matches a signature. */
  | 'no-match'
  /** A signature matches, and its time is too far from now. */
  | 'outside-tolerance';

export interface Invalid {
  readonly kind: 'invalid';
  readonly reason: InvalidReason;
  /** One line, without secrets. */
  readonly detail: string;
}

export type Verdict = ({ readonly kind: 'valid' } & Verified) | Invalid;

/** What Standard Webhooks' and Stripe's own libraries allow, in seconds. */
const TOLERANCE_SECONDS = 300;

/** The schemes that count unless others are asked for; first those that sign the id too. */
const TIMED_SCHEMES = SIGNATURE_SCHEMES.filter((scheme) => signsTime(SCHEME_FORMS[scheme]));

/** Of several reasons the one that came furthest is told, the last of these. */
const PROGRESS: readonly InvalidReason[] = ['absent', 'malformed', 'no-match', 'outside-tolerance'];

/**
 * Makes sure that a request was signed with one of the secrets, and lately; signatures are compared in constant time.
 * Throws VOLLEY_SIGNATURE_INVALID with the reason where it was not, whatever the headers and the body hold;
 * VOLLEY_SECRET for a secret that will not do, VOLLEY_CONFIG for another setting that will not.
 */
export function verify(request: SignedRequest): Verified {
  const verdict = judge(request);
  if (verdict.kind === 'invalid') throw new VolleyError('VOLLEY_SIGNATURE_INVALID', verdict.detail);
  const { scheme, id, timestamp } = verdict;
  return { scheme, id, timestamp };
}

/** As `verify`, but answers that a request is not valid in place of throwing it. */
export function judge(request: SignedRequest): Verdict {
  const { secrets, schemes, toleranceSeconds = TOLERANCE_SECONDS, nowMs = Date.now() } = request;
  const keys = keysOf(secrets, 'verify');
  checkSettings(secrets, schemes, toleranceSeconds, nowMs);
  const body = bodyBytes(request.body);
  if (body === null)
    return invalid('malformed', 'the body is not bytes or text: give it raw, as it came, and not parsed');
  const parts: Parts = {
    headers: signingHeaders(request.headers),
    body,
    keys,
    toleranceSeconds,
    nowSeconds: Math.floor(nowMs / 1000),
  };
  return schemes === undefined ? judgeAny(parts) : judgeAll(schemes, parts);
}

/** Everything that a scheme is judged by. */
interface Parts {
  readonly headers: SigningHeaders;
  readonly body: Uint8Array;
  readonly keys: readonly Key[];
  readonly toleranceSeconds: number;
  readonly nowSeconds: number;
}

function checkSettings(
  secrets: readonly string[],
  schemes: readonly SignatureScheme[] | undefined,
  toleranceSeconds: number,
  nowMs: number,
): void {
  if (typeof toleranceSeconds !== 'number' || !(toleranceSeconds >= 0))
    throw new VolleyError('VOLLEY_CONFIG', 'toleranceSeconds must be a number of seconds, 0 or more');
  if (!Number.isFinite(nowMs))
    throw new VolleyError('VOLLEY_CONFIG', 'nowMs must be the time in epoch milliseconds');
  if (schemes === undefined) return;
  const isList = Array.isArray(schemes) && schemes.length > 0;
  if (!isList || schemes.some((scheme) => !SIGNATURE_SCHEMES.includes(scheme)))
    throw new VolleyError('VOLLEY_CONFIG', `schemes must be one or more of ${SIGNATURE_SCHEMES.join(', ')}`);
  const fault = schemesFault(secrets, schemes);
  if (fault !== null) throw new VolleyError('VOLLEY_SECRET', fault);
}

/** Whether one of the schemes that sign the time vouches for the request. */
function judgeAny(parts: Parts): Verdict {
  const carried = TIMED_SCHEMES.filter((scheme) => parts.headers.has(SCHEME_FORMS[scheme].signatureHeader));
  let told = nothingTimed(parts.headers);
  for (const scheme of carried) {
    const verdict = judgeScheme(scheme, parts);
    if (verdict.kind === 'valid') return verdict;
    if (PROGRESS.indexOf(verdict.reason) > PROGRESS.indexOf(told.reason)) told = verdict;
  }
  return told;
}

/** Whether each of these schemes vouches for the request; then the one that says most of it is answered. */
function judgeAll(schemes: readonly SignatureScheme[], parts: Parts): Verdict {
  const verdicts = SIGNATURE_SCHEMES.filter((scheme) => schemes.includes(scheme)).map((scheme) =>
    judgeScheme(scheme, parts),
  );
  return (
    verdicts.find(({ kind }) => kind === 'invalid') ??
    verdicts.find((verdict) => verdict.kind === 'valid' && verdict.timestamp !== null) ??
    verdicts[0]!
  );
}

function judgeScheme(scheme: SignatureScheme, parts: Parts): Verdict {
  const form = SCHEME_FORMS[scheme];
  const { headers, toleranceSeconds, nowSeconds } = parts;
  if (!headers.has(form.signatureHeader))
    return invalid('absent', `the request carries no ${form.signatureHeader}`);
  const presented = presentedBy(form, headers);
  if (typeof presented === 'string') return invalid('malformed', presented);
  if (!matches(scheme, presented, parts)) return invalid('no-match', mismatch(scheme, presented, parts.keys));
  const { id, timestamp } = presented;
  if (timestamp === null) return { kind: 'valid', scheme, id, timestamp: null };
  const ageSeconds = nowSeconds - Number(timestamp);
  if (Math.abs(ageSeconds) <= toleranceSeconds)
    return { kind: 'valid', scheme, id, timestamp: new Date(Number(timestamp) * 1000) };
  const distance = ageSeconds > 0 ? `${ageSeconds} s old` : `${-ageSeconds} s in the future`;
  return invalid(
    'outside-tolerance',
    `the ${scheme} signature matches, but is ${distance}, and ${toleranceSeconds} s are allowed: if it was sent just now, set the clocks of both sides`,
  );
}

/** Whether one of the keys made one of the signatures. */
function matches(scheme: SignatureScheme, presented: Presented, { body, keys }: Parts): boolean {
  const form = SCHEME_FORMS[scheme];
  const prefix = form.prefix(presented.id ?? '', presented.timestamp ?? '');
  if (presented.hmacs.length > 0)
    for (const key of keys) {
      if (key.kind !== 'symmetric') continue;
      const expected = createHmac('sha256', key[form.keyForm]).update(prefix).update(body).digest();
      if (presented.hmacs.some((given) => timingSafeEqual(given, expected))) return true;
    }
  if (presented.ed25519.length === 0) return false;
  const content = Buffer.concat([Buffer.from(prefix), body]);
  return keys.some(
    (key) =>
      key.kind !== 'symmetric' &&
      presented.ed25519.some((given) => verifyEd25519(null, content, key.publicKey, given)),
  );
}

function mismatch(scheme: SignatureScheme, { hmacs }: Presented, keys: readonly Key[]): string {
  const { signatureHeader, label, ed25519Label } = SCHEME_FORMS[scheme];
  if (hmacs.length === 0 && keys.every(({ kind }) => kind === 'symmetric'))
    return `${signatureHeader} holds only ${ed25519Label}… signatures: verify these with the sender's public key, whpk_…`;
  if (hmacs.length > 0 && keys.every(({ kind }) => kind !== 'symmetric'))
    return `${signatureHeader} holds ${label}… signatures, and no secret is symmetric`;
  return `no secret matches the ${scheme} signature: it was made with another one, or over another body than these bytes`;
}

function nothingTimed(headers: SigningHeaders): Invalid {
  const names = TIMED_SCHEMES.map((scheme) => SCHEME_FORMS[scheme].signatureHeader);
  const timeless = SIGNATURE_SCHEMES.find((scheme) => headers.has(SCHEME_FORMS[scheme].signatureHeader));
  if (timeless === undefined)
    return invalid('absent', `the request carries no signature: none of ${names.join(', ')} is there`);
  return invalid(
    'absent',
    `the request is signed by ${timeless} only, which signs no time, so that it can be replayed for ever: name ${timeless} among the schemes to accept that`,
  );
}

function invalid(reason: InvalidReason, detail: string): Invalid {
  return { kind: 'invalid', reason, detail };
}
