/** One request to Vault, by Node's own client: undici is for deliveries. */
import http from 'node:http';
import https from 'node:https';
import { errorCode } from '../errors.ts';
import { VERSION } from '../version.ts';
import type { VaultAccess } from './vault-access.ts';

/** Largest answer read, in bytes: Vault's own storage keeps about 1 MiB in one place. */
const MAX_ANSWER_BYTES = 4 * 1_048_576;

export type VaultReply =
  | { readonly kind: 'answered'; readonly status: number; readonly text: string }
  /** There is no answer, for the reason that `code` is, or it is cut short. */
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'too large' };

/** GETs a path of Vault's API, such as `/v1/secret/data/volley`. Redirects are not followed: the token would go along. */
export function askVault(access: VaultAccess, path: string, signal: AbortSignal): Promise<VaultReply> {
  const url = new URL(access.address + path);
  const { request } = url.protocol === 'https:' ? https : http;
  const headers = {
    accept: 'application/json',
    'user-agent': `Volley/${VERSION}`,
    'x-vault-request': 'true',
    'x-vault-token': access.token.value,
    ...(access.namespace !== '' && { 'x-vault-namespace': access.namespace }),
  };
  const trust = access.authorities === null ? {} : { ca: access.authorities };
  return new Promise((resolve) => {
    const fail = (error: unknown) =>
      resolve({ kind: 'failed', code: signal.aborted ? 'ETIMEDOUT' : errorCode(error) });
    // Without an agent no socket is left open behind the answer.
    const outgoing = request(url, { agent: false, headers, signal, ...trust }, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= MAX_ANSWER_BYTES) return;
        resolve({ kind: 'too large' });
        outgoing.destroy();
      });
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ kind: 'answered', status: incoming.statusCode!, text });
      });
      incoming.on('error', fail);
    });
    outgoing.on('error', fail).end();
  });
}
