/** The public key that bodies for a receiver are encrypted with (JWE, RFC 7516), from a JWK (RFC 7517) or PEM. */
import { createPublicKey, type KeyObject, type webcrypto } from 'node:crypto';

/** The public members of a key (RFC 7518 §6), and what its file says of its use. */
export interface PublicJwk {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly kid?: string;
  readonly alg?: string;
}

/** The key, or what is wrong with the text and what would be right; that holds none of the text. */
export type EncryptionKey = { readonly key: PublicJwk } | { readonly fault: string };

const NO_KEY: EncryptionKey = {
  fault: "holds no public key: give the receiver's, as a JWK (one JSON object) or in PEM",
};
const PRIVATE_KEY: EncryptionKey = {
  fault:
    'holds a private or secret key: give the public key only (of one in PEM: openssl pkey -in FILE -pubout)',
};

export function encryptionKeyOf(text: string): EncryptionKey {
  return text.includes('-----BEGIN ') ? keyOfPem(text) : keyOfJwk(text);
}

function keyOfPem(text: string): EncryptionKey {
  if (/PRIVATE KEY-----/.test(text)) return PRIVATE_KEY;
  const key = publicKeyOrNull(() => createPublicKey(text));
  return key === null ? NO_KEY : fitKey(key, {});
}

/** Members of private and symmetric keys (RFC 7518 §6). */
const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

function keyOfJwk(text: string): EncryptionKey {
  const jwk = jsonObjectOrNull(text);
  if (jwk === null) return NO_KEY;
  if (SECRET_MEMBERS.some((member) => member in jwk)) return PRIVATE_KEY;
  if ('keys' in jwk) return { fault: 'holds a set of keys: give one key of it, the one for encryption' };
  const key = publicKeyOrNull(() => createPublicKey({ key: jwk as webcrypto.JsonWebKey, format: 'jwk' }));
  return key === null ? NO_KEY : fitKey(key, jwk);
}

function jsonObjectOrNull(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    return typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function publicKeyOrNull(parse: () => KeyObject): KeyObject | null {
  try {
    return parse();
  } catch {
    return null;
  }
}

/** Shortest RSA key, in bits (RFC 7518 §4.3). */
const MIN_RSA_BITS = 2_048;
/** The curves of RFC 7518 §6.2.1.1, as OpenSSL calls them. */
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
/** Key management by a public key (RFC 7518 §4.1), by key type; RSA1_5 is left out for what padding oracles do to it. */
const RSA_ALGORITHMS = ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'];
const ECDH_ALGORITHMS = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'];
/** One of these a key's `key_ops` has when it has any and the key is for encryption (RFC 7517 §4.3). */
const ENCRYPTING_OPERATIONS = ['encrypt', 'wrapKey', 'deriveKey', 'deriveBits'];

/** The key as a JWK of its public members and what the given one says of its use, if both are fit for encryption. */
function fitKey(key: KeyObject, given: Readonly<Record<string, unknown>>): EncryptionKey {
  const fault = typeFault(key) ?? useFault(given, key.asymmetricKeyType === 'rsa');
  if (fault !== null) return { fault };
  const { kid, alg } = given;
  const jwk = {
    ...key.export({ format: 'jwk' }),
    ...(kid !== undefined && { kid }),
    ...(alg !== undefined && { alg }),
  };
  return { key: jwk as PublicJwk };
}

function typeFault(key: KeyObject): string | null {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details = {} } = key;
  const { modulusLength = 0, namedCurve = '' } = details;
  if (type === 'x25519' || (type === 'rsa' && modulusLength >= MIN_RSA_BITS)) return null;
  if (type === 'ec' && CURVES.includes(namedCurve)) return null;
  const found =
    type === 'rsa' ? `an RSA key of ${modulusLength} bits` : `a key of type ${type} ${namedCurve}`;
  return `holds ${found.trim()}: give RSA of ${MIN_RSA_BITS} bits or more, EC P-256, P-384 or P-521, or X25519`;
}

function useFault(given: Readonly<Record<string, unknown>>, rsa: boolean): string | null {
  const { use, key_ops: operations, alg, kid } = given;
  const algorithms = rsa ? RSA_ALGORITHMS : ECDH_ALGORITHMS;
  if (use !== undefined && use !== 'enc')
    return 'holds a key with another "use" than "enc": give the receiver\'s key for encryption';
  if (operations !== undefined && !allowsEncryption(operations))
    return 'holds a key whose "key_ops" do not have encryption: give the receiver\'s key for encryption';
  if (alg !== undefined && !algorithms.includes(alg as string))
    return `holds a key with an "alg" there is no support for: it must be one of ${algorithms.join(', ')}, or absent`;
  return kid === undefined || typeof kid === 'string'
    ? null
    : 'holds a key with a "kid" that is not a string';
}

/** An empty list is what a public key for ECDH has: only the private key derives. */
function allowsEncryption(operations: unknown): boolean {
  if (!Array.isArray(operations)) return false;
  return operations.length === 0 || operations.some((each) => ENCRYPTING_OPERATIONS.includes(each));
}
