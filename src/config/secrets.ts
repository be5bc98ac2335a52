/** The signing secrets: from `HMAC_SECRET`, or else from a file. No message of this file ever holds a secret. */
import { readFileSync } from 'node:fs';
import { errorCode, VolleyError } from '../errors.ts';
import { userName } from '../runtime/user-name.ts';
import type { Environment } from './resolve.ts';

/** The variable that holds the secret; as an entry of the secrets file it may also stand in front of one. */
const VARIABLE = 'HMAC_SECRET';
/** What follows this prefix is the key in base64 (Standard Webhooks). */
const BASE64_PREFIX = 'whsec_';

/**
 * The signing secrets, newest first, at least one: `HMAC_SECRET` when the environment has it, else the lines of the
 * file that are neither empty nor begin with `#`. Throws VOLLEY_SECRET naming the place and the fix.
 */
export function loadSecrets(env: Environment, path: string): string[] {
  const variable = env[VARIABLE];
  if (variable === undefined) return secretsOfFile(path);
  if (variable.trim() === '')
    throw unusable(`${VARIABLE} is set but empty: give it a value, or unset it to use ${path}`);
  return [checked(variable, VARIABLE)];
}

function secretsOfFile(path: string): string[] {
  const secrets: string[] = [];
  for (const [index, line] of readText(path).split('\n').entries()) {
    const text = line.trim();
    if (text === '' || text.startsWith('#')) continue;
    const assigned = text.startsWith(`${VARIABLE}=`);
    const secret = assigned ? text.slice(VARIABLE.length + 1).trim() : text;
    if (secret === '')
      throw unusable(`${path}:${index + 1}: ${VARIABLE}= has no value: put the secret after it`);
    secrets.push(checked(secret, `${path}:${index + 1}`));
  }
  if (secrets.length === 0)
    throw unusable(`${path} holds no signing secret: put one in it, a line each, or set ${VARIABLE}`);
  return secrets;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusable(unreadable(path, errorCode(error)), error);
  }
}

function unreadable(path: string, code: string): string {
  const user = userName();
  switch (code) {
    case 'ENOENT':
      return `there is no signing secret: set ${VARIABLE}, or put the secret in ${path} (or in another file given with --secrets), readable by user ${user}`;
    case 'EACCES':
      return `${path} cannot be read by user ${user} (EACCES): run "chown ${user} ${path} && chmod 400 ${path}"`;
    default:
      return `${path} cannot be read by user ${user} (${code}): give a readable file with --secrets, or set ${VARIABLE}`;
  }
}

/** The secrets a program gives, newest first. Throws VOLLEY_SECRET: nothing is ever sent unsigned. */
export function programSecrets(secrets: readonly string[]): readonly string[] {
  if (secrets.length === 0) throw unusable('signingSecrets is empty: give at least one secret');
  return secrets.map((secret, index) => checked(secret, `signingSecrets[${index}]`));
}

function checked(secret: string, place: string): string {
  if (typeof secret !== 'string' || secret === '') throw unusable(`${place} is empty: give it a value`);
  if (!secret.startsWith(BASE64_PREFIX)) return secret;
  const base64 = secret.slice(BASE64_PREFIX.length);
  if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64) && base64 !== '')
    return secret;
  throw unusable(
    `${place}: what follows ${BASE64_PREFIX} is not base64: copy the secret again as a whole, or drop the prefix`,
  );
}

function unusable(message: string, cause?: unknown): VolleyError {
  return new VolleyError('VOLLEY_SECRET', message, { cause });
}
