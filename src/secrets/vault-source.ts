/**
 * Secrets in HashiCorp Vault's KV version 2 engine (https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2):
 * one entry, whose key `default` holds the default secrets and whose other keys are names.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../runtime/environment.ts';
import { Redacted } from '../runtime/redacted.ts';
import { DEFAULT_NAME, unusable } from './check.ts';
import { poll } from './poll.ts';
import type { LoadedSecrets, SecretSource } from './source.ts';
import { vaultAccess } from './vault-access.ts';
import { isPassing, secretsOf } from './vault-answer.ts';
import type { VaultPace } from './vault-pace.ts';
import { askVault, type VaultReply } from './vault-request.ts';

export const VAULT_PREFIX = 'vault:';
/** MOUNT/PATH as it stands in a URL; what is encoded there may be any character (`%2F` in a mount's name). */
const ENTRY = /^(?<mount>[\w.~%-]+)\/(?<path>[\w.~%-]+(?:\/[\w.~%-]+)*)$/;

export class VaultSource implements SecretSource {
  readonly place: string;
  readonly #mount: string;
  readonly #path: string;
  readonly #env: Redacted<Environment>;
  readonly #pace: VaultPace;
  /** What reading has last come to, to be compared: the secrets, or the error. */
  #seen: Redacted<string> | null = null;

  /** `place` is `vault:MOUNT/PATH`. Throws VOLLEY_SECRET where it is not. */
  constructor(place: string, env: Environment, pace: VaultPace) {
    const entry = place.slice(VAULT_PREFIX.length);
    const { mount, path } = ENTRY.exec(entry)?.groups ?? {};
    if (mount === undefined || path === undefined || entry.split('/').some((name) => /^\.+$/.test(name)))
      throw unusable(`${place}: write vault:MOUNT/PATH, such as vault:secret/volley`);
    this.place = place;
    this.#mount = mount;
    this.#path = path;
    this.#env = new Redacted(env);
    this.#pace = pace;
  }

  async read(needsDefault: boolean): Promise<LoadedSecrets> {
    const loaded = await this.#load(new AbortController().signal);
    if (needsDefault && loaded.secrets.default.length === 0)
      throw unusable(`${this.place} has no key "${DEFAULT_NAME}": add it, or set HMAC_SECRET`);
    return loaded;
  }

  watch(onChange: () => void): () => void {
    const { pollMs, random } = this.#pace;
    const hasChanged = async (signal: AbortSignal) => {
      const before = this.#seen;
      await this.#load(signal).catch(() => {});
      return before !== null && before.value !== this.#seen?.value;
    };
    return poll(() => pollMs * (0.9 + 0.2 * random()), hasChanged, onChange);
  }

  /** Loads, and notes what it came to. */
  async #load(signal: AbortSignal): Promise<LoadedSecrets> {
    try {
      const loaded = await this.#ask(signal);
      this.#seen = new Redacted(JSON.stringify(loaded.secrets));
      return loaded;
    } catch (error) {
      this.#seen = new Redacted(String(error));
      throw error;
    }
  }

  async #ask(signal: AbortSignal): Promise<LoadedSecrets> {
    const { place } = this;
    const [mount, path] = [this.#mount, this.#path];
    const access = vaultAccess(this.#env.value, place);
    const reply = await this.#reply((each) => askVault(access, `/v1/${mount}/data/${path}`, each), signal);
    const { address, token } = access;
    const { secrets, warnings } = secretsOf(reply, { place, mount, path, address, token: token.value });
    return { secrets, warnings: [...access.warnings, ...warnings] };
  }

  /** The first reply that is worth heeding, or the last one when tries or time are up. */
  async #reply(ask: (signal: AbortSignal) => Promise<VaultReply>, ended: AbortSignal): Promise<VaultReply> {
    const { requestTimeoutMs, loadTimeoutMs, retryMs, tries, random } = this.#pace;
    const signal = AbortSignal.any([ended, AbortSignal.timeout(loadTimeoutMs)]);
    for (let tried = 1; ; tried++) {
      const reply = await ask(AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]));
      if (!isPassing(reply) || tried === tries) return reply;
      await sleep(retryMs * 2 ** (tried - 1) * random(), undefined, { signal }).catch(() => {});
      if (signal.aborted) return reply;
    }
  }
}
