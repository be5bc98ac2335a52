/** Where the signing secrets of a worker come from: chosen once, by what is there. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../runtime/environment.ts';
import { Redacted } from '../runtime/redacted.ts';
import { checkedSecret, unusable } from './check.ts';
import { FILE_PACE, type FilePace, FileSource } from './file-source.ts';
import type { LoadedSecrets, SecretSource } from './source.ts';
import { VAULT_PACE, type VaultPace } from './vault-pace.ts';
import { VAULT_PREFIX, VaultSource } from './vault-source.ts';

export interface SecretProvider {
  /** Where they come from, for messages: never a secret. */
  readonly place: string;
  /** Rejects with VOLLEY_SECRET naming the place, the user and the fix. Resolves with the secrets and warnings (one line each). */
  load(): Promise<LoadedSecrets>;
  /** Calls `onChange`, which must not throw, whenever `load` may answer something else, until the returned function is called. */
  watch(onChange: () => void): () => void;
}

/** The variable that holds a default secret. */
const VARIABLE = 'HMAC_SECRET';
/** Where the secrets are when nobody says otherwise. */
const DEFAULT_FILE = '/etc/webhook/secrets';
/** systemd's directory of credentials, and the name of ours in it (`LoadCredential=webhook-secrets:…`). */
const CREDENTIALS_VARIABLE = 'CREDENTIALS_DIRECTORY';
const CREDENTIAL = 'webhook-secrets';

/** How often sources are looked at, and how long they may take. */
export interface Pace {
  readonly file: FilePace;
  readonly vault: VaultPace;
}

const PACE: Pace = { file: FILE_PACE, vault: VAULT_PACE };

/**
 * The provider for this environment. `secretsFile` is a path, or `vault:MOUNT/PATH`; with null, the systemd credential
 * `webhook-secrets` where there is one, or else /etc/webhook/secrets. `HMAC_SECRET` takes the place of the default
 * secrets there; those of names apply all the same. Throws VOLLEY_SECRET for a `vault:` that is none.
 */
export function secretProvider(
  env: Environment,
  given: { readonly secretsFile: string | null },
  pace: Pace = PACE,
): SecretProvider {
  const source = sourceFor(env, given.secretsFile, pace);
  const text = env[VARIABLE];
  if (text === undefined) return providerOf(source.place, source, () => source.read(true));
  const variable = new Redacted(text);
  return providerOf(`${VARIABLE} and ${source.place}`, source, async () => {
    if (variable.value.trim() === '')
      throw unusable(`${VARIABLE} is set but empty: give it a value, or unset it to use ${source.place}`);
    const secret = checkedSecret(variable.value, VARIABLE);
    const { secrets, warnings } = await source.read(false);
    const unused =
      secrets.default.length === 0
        ? []
        : [`${VARIABLE} is used, and not the default secrets in ${source.place}: unset it to use those`];
    return { secrets: { ...secrets, default: [secret] }, warnings: [...warnings, ...unused] };
  });
}

function providerOf(place: string, source: SecretSource, load: () => Promise<LoadedSecrets>): SecretProvider {
  return { place, load, watch: (onChange) => source.watch(onChange) };
}

function sourceFor(env: Environment, given: string | null, pace: Pace): SecretSource {
  if (given?.startsWith(VAULT_PREFIX)) return new VaultSource(given, env, pace.vault);
  const wanted = given ?? credentialOf(env);
  return new FileSource(wanted ?? DEFAULT_FILE, wanted !== null, pace.file);
}

/** The path of the systemd credential, or null where there is none. One that cannot be looked at is there: its reading tells why. */
function credentialOf(env: Environment): string | null {
  const directory = env[CREDENTIALS_VARIABLE];
  if (directory === undefined || directory === '') return null;
  const path = join(directory, CREDENTIAL);
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined ? null : path;
  } catch {
    return path;
  }
}
