/** Signatures over the exact bytes that are sent, made just before sending, anew at each attempt. */
import { sign as signEd25519 } from 'node:crypto';
import { VolleyError } from '../errors.ts';
import { hmacSha256, type Mac } from './hmac.ts';
import { type Key, keysOf, schemesFault } from './keys.ts';
import {
  SCHEME_FORMS,
  type SchemeForm,
  SIGNATURE_SCHEMES,
  type SignatureScheme,
  signsTime,
} from './schemes.ts';

/** Adds the signature headers of one request to `headers`, as alternating names and values. `id` is ASCII. */
export type Sign = (headers: string[], id: string, attemptSeconds: number, body: Buffer) => void;

/** One signature of a header: what stands before it, and how it is made. */
interface Stamp {
  readonly label: string;
  readonly mac: Mac;
}

/**
 * A signer for these secrets (newest first) by each of these schemes. The keys are prepared once. A header with room
 * for several signatures holds one for each secret, newest first, any other the newest secret's.
 * Throws VOLLEY_SECRET where a secret cannot sign, or none can by one of the schemes: nothing is ever sent unsigned.
 */
export function signer(secrets: readonly string[], schemes: readonly SignatureScheme[]): Sign {
  const keys = keysOf(secrets, 'sign');
  const fault = schemesFault(secrets, schemes);
  if (fault !== null) throw new VolleyError('VOLLEY_SECRET', fault);
  const signs = SIGNATURE_SCHEMES.filter((scheme) => schemes.includes(scheme)).map((scheme) =>
    schemeSigner(SCHEME_FORMS[scheme], keys),
  );
  return (headers, id, attemptSeconds, body) => {
    for (const sign of signs) sign(headers, id, attemptSeconds, body);
  };
}

function schemeSigner(form: SchemeForm, keys: readonly Key[]): Sign {
  const { signatureHeader, idHeader, timestampHeader, timestampLabel, prefix } = form;
  const [newest, ...others] = keys.flatMap((key) => stampOf(form, key) ?? []);
  const { label, mac } = newest!;
  const older = form.separator === null ? [] : others;
  const separator = form.separator ?? '';
  if (!signsTime(form) && older.length === 0)
    return (headers, _id, _attemptSeconds, body) => {
      headers.push(signatureHeader, `${label}${mac('', body)}`);
    };
  return (headers, id, attemptSeconds, body) => {
    const timestamp = String(attemptSeconds);
    const before = prefix(id, timestamp);
    let signature = `${label}${mac(before, body)}`;
    for (const stamp of older) signature += `${separator}${stamp.label}${stamp.mac(before, body)}`;
    if (timestampLabel !== null) signature = `${timestampLabel}${timestamp}${separator}${signature}`;
    if (idHeader !== null) headers.push(idHeader, id);
    if (timestampHeader !== null) headers.push(timestampHeader, timestamp);
    headers.push(signatureHeader, signature);
  };
}

/** How a key signs by a scheme; null where the scheme has no use for it. */
function stampOf(form: SchemeForm, key: Key): Stamp | null {
  switch (key.kind) {
    case 'symmetric':
      return { label: form.label, mac: hmacSha256(key[form.keyForm], form.encoding) };
    case 'private': {
      const { privateKey } = key;
      if (form.ed25519Label === null) return null;
      // Ed25519 hashes its message twice (RFC 8032 §5.1.6), so it takes it in one piece.
      const mac: Mac = (before, body) =>
        signEd25519(null, Buffer.concat([Buffer.from(before, 'latin1'), body]), privateKey).toString(
          form.encoding,
        );
      return { label: form.ed25519Label, mac };
    }
    case 'public':
      return null;
    default:
      return key satisfies never;
  }
}
