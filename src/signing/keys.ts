/**
 * Secrets as they are written, and the keys they stand for. The prefixes are those of Standard Webhooks:
 *
 * - `whsec_`: base64 of a symmetric key. Schemes that know no prefixes take the whole text as it is written.
 * - `whsk_`: base64 of an ed25519 private key: its seed of 32 bytes, or 64 with the public key behind (libsodium's form).
 * - `whpk_`: base64 of an ed25519 public key, with which one can verify but not sign.
 * - anything else: a symmetric key, its UTF-8 bytes.
 *
 * No message of this file ever holds a secret.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { VolleyError } from '../errors.ts';
import { SCHEME_FORMS, type SignatureScheme } from './schemes.ts';

export type Key =
  | { readonly kind: 'symmetric'; readonly written: Buffer; readonly decoded: Buffer }
  | { readonly kind: 'private'; readonly privateKey: KeyObject; readonly publicKey: KeyObject }
  | { readonly kind: 'public'; readonly publicKey: KeyObject };

/** What a secret is for: a public key verifies, and cannot sign. */
export type SecretUse = 'sign' | 'verify';

export const SYMMETRIC_PREFIX = 'whsec_';
const PRIVATE_PREFIX = 'whsk_';
const PUBLIC_PREFIX = 'whpk_';

/** Base64 with its padding (RFC 4648 §4). Buffer.from would pass over whatever is not. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** An ed25519 seed, and a public key, in bytes (RFC 8032 §5.1.5). */
const KEY_BYTES = 32;
/** What stands before the seed in PKCS #8, and before the public key in SubjectPublicKeyInfo (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * What is wrong with a secret, to stand behind the name of its place and a colon; null when it is fine. `use` says what
 * it is for.
 */
export function secretFault(secret: string, use: SecretUse = 'sign'): string | null {
  const read = readSecret(secret, use);
  return typeof read === 'string' ? read : null;
}

/** The length of the key that a sound secret stands for, in bytes. */
export function keyBytes(secret: string): number {
  const prefix = prefixOf(secret);
  return prefix === undefined
    ? Buffer.byteLength(secret)
    : Buffer.byteLength(secret.slice(prefix.length), 'base64');
}

/** Why these secrets, each fine by itself, cannot serve these schemes, in one line; null when they can. */
export function schemesFault(secrets: readonly string[], schemes: readonly SignatureScheme[]): string | null {
  if (schemes.length === 0) return 'no signature scheme is named: name at least one';
  if (secrets.some((secret) => !isEd25519(secret))) return null;
  const unserved = schemes.filter((scheme) => SCHEME_FORMS[scheme].ed25519Label === null);
  if (unserved.length === 0) return null;
  const names = unserved.join(', ');
  return `every secret is an ed25519 key, which ${names} cannot sign with: add a symmetric secret, or leave out ${names}`;
}

/**
 * The keys of secrets, in their order. Throws VOLLEY_SECRET where there is none, and for one that will not do, which it
 * does not show.
 */
export function keysOf(secrets: readonly string[], use: SecretUse): Key[] {
  if (!Array.isArray(secrets) || secrets.length === 0)
    throw new VolleyError('VOLLEY_SECRET', 'there is no secret: give an array with at least one');
  return secrets.map((secret: string, index) => {
    const read = readSecret(secret, use);
    if (typeof read === 'string') throw new VolleyError('VOLLEY_SECRET', `secret ${index + 1}: ${read}`);
    return read;
  });
}

function isEd25519(secret: string): boolean {
  return secret.startsWith(PRIVATE_PREFIX) || secret.startsWith(PUBLIC_PREFIX);
}

function prefixOf(secret: string): string | undefined {
  return [SYMMETRIC_PREFIX, PRIVATE_PREFIX, PUBLIC_PREFIX].find((each) => secret.startsWith(each));
}

/** The key, or what is wrong with the secret. */
function readSecret(secret: string, use: SecretUse): Key | string {
  // Whoever writes JavaScript may hand over a variable that is not set.
  if (typeof secret !== 'string' || secret.trim() === '') return 'the secret is empty: give it a value';
  const prefix = prefixOf(secret);
  const written = Buffer.from(secret);
  if (prefix === undefined) return { kind: 'symmetric', written, decoded: written };
  if (prefix === PUBLIC_PREFIX && use === 'sign')
    return `${PUBLIC_PREFIX} is a public key, which cannot sign: give the private key that begins with ${PRIVATE_PREFIX}`;
  const base64 = secret.slice(prefix.length);
  if (base64 === '' || !BASE64.test(base64))
    return `what follows ${prefix} is not base64: copy the secret again as a whole, or drop the prefix`;
  const bytes = Buffer.from(base64, 'base64');
  if (prefix === SYMMETRIC_PREFIX) return { kind: 'symmetric', written, decoded: bytes };
  return prefix === PRIVATE_PREFIX ? readPrivate(bytes) : readPublic(bytes);
}

function readPrivate(bytes: Buffer): Key | string {
  if (bytes.length !== KEY_BYTES && bytes.length !== 2 * KEY_BYTES)
    return `what follows ${PRIVATE_PREFIX} is not 32 or 64 bytes: copy the secret again as a whole`;
  const der = Buffer.concat([PKCS8_HEAD, bytes.subarray(0, KEY_BYTES)]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  const derived = publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_HEAD.length);
  if (bytes.length > KEY_BYTES && !derived.equals(bytes.subarray(KEY_BYTES)))
    return `the public key in ${PRIVATE_PREFIX} is not that of its private key: copy the secret again as a whole`;
  return { kind: 'private', privateKey, publicKey };
}

function readPublic(bytes: Buffer): Key | string {
  if (bytes.length !== KEY_BYTES)
    return `what follows ${PUBLIC_PREFIX} is not 32 bytes: copy the key again as a whole`;
  const der = Buffer.concat([SPKI_HEAD, bytes]);
  return { kind: 'public', publicKey: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}
