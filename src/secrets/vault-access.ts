/** How to get at Vault: the variables that Vault's own tools use. Read at every load, as tokens are renewed in their files. */
import { X509Certificate } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../runtime/environment.ts';
import { Redacted } from '../runtime/redacted.ts';
import { userName } from '../runtime/user-name.ts';
import { unusable } from './check.ts';
import { readSecretFile } from './read-file.ts';

export interface VaultAccess {
  /** Of Vault's API, without a slash at the end. */
  readonly address: string;
  readonly token: Redacted<string>;
  /** Empty for none. */
  readonly namespace: string;
  /** PEM, in place of the system's authorities; null for those. */
  readonly authorities: string | null;
  readonly warnings: readonly string[];
}

/** Throws VOLLEY_SECRET naming `place`, the variable and the fix. */
export function vaultAccess(env: Environment, place: string): VaultAccess {
  const address = addressOf(env, place);
  const namespace = env['VAULT_NAMESPACE'] ?? '';
  if (namespace !== '' && !isHeaderText(namespace))
    throw unusable('VAULT_NAMESPACE holds what no namespace can: correct it, or unset it');
  const { token, warnings } = tokenOf(env, place);
  return { address, token, namespace, authorities: authoritiesOf(env), warnings };
}

/** The address never shows in a message before it is known to hold no password. */
function addressOf(env: Environment, place: string): string {
  const text = env['VAULT_ADDR'] ?? '';
  if (text === '')
    throw unusable(`${place} needs VAULT_ADDR, the address of Vault, such as https://vault.example.com:8200`);
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw unusable('VAULT_ADDR is no address of Vault: give one such as https://vault.example.com:8200');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw unusable(
      'VAULT_ADDR holds more than an address: give one such as https://vault.example.com:8200, and the token in VAULT_TOKEN',
    );
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw unusable(
      `VAULT_ADDR is ${url.origin}, where secrets would travel in the clear: give an https:// address (http:// is for this machine only)`,
    );
  return url.href.replace(/\/+$/, '');
}

/** `hostname` as the URL parser writes it: addresses in one form. */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

type Token = Pick<VaultAccess, 'token' | 'warnings'>;

function tokenOf(env: Environment, place: string): Token {
  const variable = env['VAULT_TOKEN'] ?? '';
  if (variable !== '') return { token: checkedToken(variable, 'VAULT_TOKEN'), warnings: [] };
  const named = env['VAULT_TOKEN_FILE'] ?? '';
  const path = named !== '' ? named : join(env['HOME'] ?? homedir(), '.vault-token');
  const file = readSecretFile(path, 'give a readable file with VAULT_TOKEN_FILE, or set VAULT_TOKEN');
  if (file === null)
    throw unusable(
      `${place} needs a token, and ${path} is not there: set VAULT_TOKEN, or VAULT_TOKEN_FILE to a file readable by user ${userName()}`,
    );
  return { token: checkedToken(file.text, path), warnings: file.warnings };
}

function checkedToken(text: string, place: string): Redacted<string> {
  const token = text.trim();
  if (token === '') throw unusable(`${place} is empty: put Vault's token in it`);
  if (!isHeaderText(token)) throw unusable(`${place} holds what no token can: put Vault's token alone in it`);
  return new Redacted(token);
}

/** Characters that may go into a header without changing the request. */
function isHeaderText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

function authoritiesOf(env: Environment): string | null {
  const path = env['VAULT_CACERT'] ?? '';
  if (path === '') return null;
  const fix = 'correct VAULT_CACERT, or unset it to trust what the system trusts';
  const file = readSecretFile(path, fix);
  if (file === null) throw unusable(`${path} is not there: ${fix}`);
  try {
    // TLS itself passes over what it cannot read, and would then trust nobody.
    new X509Certificate(file.text);
  } catch {
    throw unusable(`${path} is no certificate in PEM form: ${fix}`);
  }
  return file.text;
}
