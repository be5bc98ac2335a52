/** What Vault's answers mean: secrets, or what is wrong and how to mend it. Pure. */

import { nameWarning } from '../delivery/destination-name.ts';
import { withoutSecrets } from '../runtime/redacted.ts';
import { checkedName, checkedSecret, DEFAULT_NAME, unusable } from './check.ts';
import type { LoadedSecrets } from './source.ts';
import type { VaultReply } from './vault-request.ts';

/** Longest text of Vault's that is shown, in characters. */
const MAX_SHOWN_CHARS = 200;

/** What is asked for, for messages. */
export interface VaultQuestion {
  /** `vault:MOUNT/PATH` */
  readonly place: string;
  readonly mount: string;
  /** Within the mount. */
  readonly path: string;
  readonly address: string;
  /** The token sent, never to be shown. */
  readonly token: string;
}

/** Whether asking again soon may help: no connection, a limit of rate, a sealed or starting server, one that lags behind. */
export function isPassing(reply: VaultReply): boolean {
  switch (reply.kind) {
    case 'answered':
      return reply.status === 412 || reply.status === 429 || reply.status >= 500;
    case 'failed':
      return !isTlsFault(reply.code);
    case 'too large':
      return false;
    default:
      return reply satisfies never;
  }
}

/** The secrets in a reply; there may be no default ones. Throws VOLLEY_SECRET that says what is wrong and what mends it. */
export function secretsOf(reply: VaultReply, question: VaultQuestion): LoadedSecrets {
  if (reply.kind !== 'answered' || reply.status !== 200) throw unusable(fault(reply, question));
  const { place, mount, address, token } = question;
  const body = parsed(reply.text);
  if (!isObject(body) || !isObject(body['data']))
    throw unusable(`${address} does not answer as Vault does: correct VAULT_ADDR`);
  const { data, metadata } = body['data'];
  if (!isObject(data) || !isObject(metadata))
    throw unusable(
      `${place}: the engine at ${mount}/ is KV version 1, Volley reads version 2: run "vault kv enable-versioning ${mount}", or name another mount`,
    );
  const { secrets, warnings } = namedSecrets(data, place);
  const hidden = [token, ...secrets.default, ...Object.values(secrets.byName).flat()];
  const told = textsOf(body['warnings']).map((text) => `Vault: ${shown(text, hidden)}`);
  return { secrets, warnings: [...warnings, ...told] };
}

/** A key for each name; its value is a string, a secret a line, or an array of strings. */
function namedSecrets(data: Record<string, unknown>, place: string): LoadedSecrets {
  const warnings: string[] = [];
  const lists = Object.entries(data).map(([name, value]) => {
    const key = `${place}: the key ${JSON.stringify(name.slice(0, MAX_SHOWN_CHARS))}`;
    const texts = Array.isArray(value) ? value : [value];
    if (!texts.every((text) => typeof text === 'string'))
      throw unusable(`${key} is neither a string nor an array of strings: write its secrets as such`);
    const lines = texts.flatMap((text) => text.split('\n')).map((line) => line.trim());
    const secrets = lines.filter((line) => line !== '').map((secret) => checkedSecret(secret, key));
    if (secrets.length === 0) throw unusable(`${key} holds no secret: give it one, or take it out`);
    const warning = nameWarning(name);
    if (warning !== null) warnings.push(`${key}: ${warning}`);
    return [checkedName(name, key), secrets] as const;
  });
  const { [DEFAULT_NAME]: defaults = [], ...byName } = Object.fromEntries(lists);
  return { secrets: { default: defaults, byName }, warnings };
}

function fault(reply: VaultReply, question: VaultQuestion): string {
  const { place, address } = question;
  switch (reply.kind) {
    case 'too large':
      return `${place}: the answer of ${address} is too large: keep only secrets there`;
    case 'failed':
      return `${place} cannot be read, ${address} does not answer (${reply.code}): ${connectionFix(reply.code)}`;
    case 'answered':
      return statusFault(reply.status, reply.text, question);
    default:
      return reply satisfies never;
  }
}

function connectionFix(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'write VAULT_ADDR with the name in its certificate';
  if (code === 'CERT_HAS_EXPIRED') return "renew Vault's certificate";
  if (/CERT|SIGN/.test(code)) return "name the file of its authority's certificate in VAULT_CACERT";
  if (isTlsFault(code)) return 'correct VAULT_ADDR, or let Vault speak TLS 1.2 or newer there';
  return 'correct VAULT_ADDR, or start Vault';
}

/** What the next try would meet again (OpenSSL's names of faults in certificates, Node's of others in TLS). */
function isTlsFault(code: string): boolean {
  return /CERT|SIGN|TLS|SSL|EPROTO/.test(code);
}

function statusFault(status: number, text: string, question: VaultQuestion): string {
  const { place, mount, path, token } = question;
  const body = parsed(text);
  const told = isObject(body) ? textsOf(body['errors']).concat(textsOf(body['warnings'])) : [];
  const said = told.length === 0 ? '' : `: ${shown(told.join('; '), [token])}`;
  const head = `${place} cannot be read, Vault answers ${status}${said}`;
  switch (status) {
    case 400:
      return `${head}; check VAULT_ADDR (https:// where Vault speaks TLS), VAULT_NAMESPACE and the token`;
    case 403:
      return `${head}; the token has expired or may not read it: renew it in VAULT_TOKEN or its file, or allow it "read" on ${mount}/data/${path}`;
    case 404:
      return isDeleted(body)
        ? `${head}, as its newest version is deleted: run "vault kv undelete", or put a new one`
        : `${head}; check that ${mount}/ is a KV version 2 engine in this VAULT_NAMESPACE and holds ${path}${path.startsWith('data/') ? ' (leave out "data/")' : ''}`;
    case 429:
      return `${head}; raise the rate limit of Vault, or start later`;
    case 503:
      return `${head}; unseal Vault, or wait until it is up`;
    default:
      if (status >= 300 && status < 400)
        return `${head}; give the address of the active server in VAULT_ADDR: redirects are not followed`;
      return `${head}; check VAULT_ADDR, and what Vault's own log says`;
  }
}

/** A deleted version is answered with 404 and its metadata. */
function isDeleted(body: unknown): boolean {
  return isObject(body) && isObject(body['data']) && isObject(body['data']['metadata']);
}

/** A text of Vault's in one line, without what must not show, and not longer than need be. */
function shown(text: string, hidden: readonly string[]): string {
  const line = withoutSecrets(text, hidden);
  return line.length > MAX_SHOWN_CHARS ? `${line.slice(0, MAX_SHOWN_CHARS)}…` : line;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

/** Undefined for what is not JSON. The parser's error is dropped: it quotes the text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
