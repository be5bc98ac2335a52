/**
 * Signatures over the exact bytes that are sent, made just before sending.
 *
 * - hub: `X-Hub-Signature-256: sha256=<hex>`, HMAC-SHA256 keyed with the secret's UTF-8 bytes as written, by the newest
 *   secret (the header has room for one; https://www.w3.org/TR/websub/#signing-content).
 * - standard: Standard Webhooks v1, `v1,<base64>` of HMAC-SHA256 over `id.timestamp.body`, one for each secret, newest
 *   first (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
 */
import { hmacSha256 } from './hmac.ts';

/** Header conventions that requests can be signed by. */
export type SignatureScheme = 'hub' | 'standard';

const BASE64_PREFIX = 'whsec_';

/** Adds the signature headers of one request to `headers`, as alternating names and values. */
export type Sign = (headers: string[], id: string, attemptSeconds: number, body: Buffer) => void;

/** A signer for these secrets (newest first, at least one). The keys are prepared once. */
export function signer(secrets: readonly string[], schemes: readonly SignatureScheme[]): Sign {
  const hubMac = hmacSha256(Buffer.from(secrets[0]!), 'hex');
  const standardMacs = secrets.map((secret) => hmacSha256(standardKey(secret), 'base64'));
  const hub = schemes.includes('hub');
  const standard = schemes.includes('standard');
  return (headers, id, attemptSeconds, body) => {
    if (hub) headers.push('x-hub-signature-256', `sha256=${hubMac('', body)}`);
    if (standard) {
      const prefix = `${id}.${attemptSeconds}.`;
      let signature = '';
      for (const mac of standardMacs) signature += `${signature === '' ? '' : ' '}v1,${mac(prefix, body)}`;
      headers.push(
        'webhook-id',
        id,
        'webhook-timestamp',
        String(attemptSeconds),
        'webhook-signature',
        signature,
      );
    }
  };
}

/** The key for Standard Webhooks: what follows `whsec_` is base64, any other secret is taken as it is. */
function standardKey(secret: string): Buffer {
  return secret.startsWith(BASE64_PREFIX)
    ? Buffer.from(secret.slice(BASE64_PREFIX.length), 'base64')
    : Buffer.from(secret);
}
