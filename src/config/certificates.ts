/**
 * Certificates and private keys in PEM, as mutual TLS needs them. Each check answers null when the text is fine, or else
 * what is wrong with it and what would be right; no answer holds any of the text.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { errorCode } from '../errors.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** The certificates of a text, without what else is in it: a key, perhaps, or what a tool wrote between them. */
export function onlyCertificates(text: string): string {
  return (text.match(CERTIFICATE) ?? []).map((block) => `${block}\n`).join('');
}

export function certificatesFault(text: string): string | null {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0)
    return 'holds no certificate in PEM: give one that begins with -----BEGIN CERTIFICATE-----';
  const bad = blocks.findIndex((block) => !parses(() => new X509Certificate(block)));
  return bad === -1 ? null : `holds a damaged certificate (number ${bad + 1}): copy it again`;
}

/** That a certificate has expired or is not valid yet, or null. Only a warning is made of it: the receiver decides. */
export function validityWarning(text: string, nowMs: number): string | null {
  for (const block of text.match(CERTIFICATE) ?? []) {
    const { validFromDate, validToDate } = new X509Certificate(block);
    if (validToDate.getTime() < nowMs) return `holds a certificate that expired on ${day(validToDate)}`;
    if (validFromDate.getTime() > nowMs)
      return `holds a certificate that is valid only from ${day(validFromDate)}`;
  }
  return null;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

export function privateKeyFault(text: string): string | null {
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text))
    return 'holds an encrypted key: store it without a passphrase (openssl pkey -in FILE -out FILE), readable by its user alone';
  if (parses(() => createPrivateKey(text))) return null;
  return 'holds no private key in PEM: give one that begins with -----BEGIN PRIVATE KEY-----';
}

/** Whether a certificate's key is this one, both found fine before, and whether OpenSSL will use them. */
export function pairFault(certificates: string, key: string): string | null {
  if (!new X509Certificate(certificates).checkPrivateKey(createPrivateKey(key)))
    return 'holds another key than that of the certificate: give the two that belong together';
  try {
    createSecureContext({ cert: certificates, key });
    return null;
  } catch (error) {
    return `is refused by OpenSSL with its certificate (${errorCode(error)}): have both issued anew, with a longer key or a newer signature`;
  }
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
