/**
 * What a receiver does to be sure of a request: both signatures over the bytes that came, compared in constant time.
 * Written from the specifications and not from src/signing/sign.ts, so that the demo proves the one with the other.
 */
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Whether the headers of a request sign its body. */
export type SignatureCheck = (headers: IncomingHttpHeaders, body: Buffer, nowMs: number) => boolean;

/** How far a signed timestamp may be from now, in seconds: what Standard Webhooks' own libraries allow against replays. */
const TOLERANCE_SECONDS = 300;

/** A check with one `whsec_…` secret. */
export function signatureCheck(secret: string): SignatureCheck {
  const hubKey = createSecretKey(Buffer.from(secret));
  const standardKey = createSecretKey(Buffer.from(secret.replace(/^whsec_/, ''), 'base64'));

  function hubSigns(headers: IncomingHttpHeaders, body: Buffer): boolean {
    const expected = `sha256=${createHmac('sha256', hubKey).update(body).digest('hex')}`;
    return isEqual(expected, headerOf(headers, 'x-hub-signature-256'));
  }

  function standardSigns(headers: IncomingHttpHeaders, body: Buffer, nowMs: number): boolean {
    const timestamp = headerOf(headers, 'webhook-timestamp');
    if (!(Math.abs(nowMs / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
    const signed = `${headerOf(headers, 'webhook-id')}.${timestamp}.`;
    const expected = `v1,${createHmac('sha256', standardKey).update(signed).update(body).digest('base64')}`;
    return headerOf(headers, 'webhook-signature')
      .split(' ')
      .some((given) => isEqual(expected, given));
  }

  return (headers, body, nowMs) => hubSigns(headers, body) && standardSigns(headers, body, nowMs);
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function isEqual(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
