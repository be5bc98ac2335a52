/** What a signing secret may look like. */

/** What follows this prefix is the key in base64 (Standard Webhooks). */
const BASE64_PREFIX = 'whsec_';

/** What is wrong with a secret, in a few words that hold nothing of it; null when it can be signed with. */
export function secretFault(secret: string): string | null {
  if (!secret.startsWith(BASE64_PREFIX)) return null;
  const base64 = secret.slice(BASE64_PREFIX.length);
  const whole = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64);
  return whole && base64 !== '' ? null : `what follows ${BASE64_PREFIX} is not base64`;
}
