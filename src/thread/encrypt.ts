/** Bodies that only the receiver can read: JSON Web Encryption (RFC 7516), in its flattened JSON form. */

import { EncryptionError } from './errors.ts';

/** What an encrypted body is sent as (RFC 7516 §11.1). */
export const ENCRYPTED_TYPE = 'application/jose+json';

/** The encrypted form of a body. Rejects with EncryptionError. */
export type Encrypt = (body: Buffer) => Promise<Buffer>;

/** How the content key is wrapped, by type of key (RFC 7518 §4.1), where the key itself does not say. */
const WRAPPING: Readonly<Record<string, string>> = {
  RSA: 'RSA-OAEP-256',
  EC: 'ECDH-ES+A256KW',
  OKP: 'ECDH-ES+A256KW',
};

/** An encrypter for a public JSON Web Key (RFC 7517) that has been checked: RSA, EC or X25519. */
export function encrypter(jwk: Readonly<Record<string, unknown>>): Encrypt {
  const alg = typeof jwk['alg'] === 'string' ? jwk['alg'] : WRAPPING[String(jwk['kty'])]!;
  const kid = typeof jwk['kid'] === 'string' ? { kid: jwk['kid'] } : {};
  const header = { alg, enc: 'A256GCM', cty: 'application/json', ...kid };
  // Loaded late: few destinations ask for it.
  const ready = import('jose').then(async (jose) => ({ jose, key: await jose.importJWK(jwk, alg) }));
  // A key that cannot be used fails each attempt, and not the thread.
  ready.catch(() => {});
  return async (body) => {
    try {
      const { jose, key } = await ready;
      const encrypted = await new jose.FlattenedEncrypt(body).setProtectedHeader(header).encrypt(key);
      return Buffer.from(JSON.stringify(encrypted));
    } catch (error) {
      throw new EncryptionError(error as Error);
    }
  };
}
