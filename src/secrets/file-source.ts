/** Secrets in a file: its reading, and noticing that it has changed. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { errorCode } from '../errors.ts';
import { userName } from '../runtime/user-name.ts';
import { unusable } from './check.ts';
import { parseSecrets } from './parse.ts';
import { poll } from './poll.ts';
import { readSecretFile } from './read-file.ts';
import type { LoadedSecrets, SecretSource } from './source.ts';

/** How often a file is looked at. */
export interface FilePace {
  /** Between two looks, in milliseconds. Asked for before each. */
  readonly pollMs: number;
}

/** A look is one `stat`; a change is told of after 2 to 4 s. */
export const FILE_PACE: FilePace = { pollMs: 2_000 };

export class FileSource implements SecretSource {
  readonly place: string;
  readonly #pace: FilePace;
  /** Whether it was asked for by name, so that its absence is worth a warning. */
  readonly #wanted: boolean;
  /** What there was when it was read last, or told of: an identity, or the code of an error. */
  #seen: string | null = null;
  /** The file has been there: it may no longer be missing, as destinations it named would be signed with another key. */
  #existed = false;

  constructor(path: string, wanted: boolean, pace: FilePace) {
    this.place = path;
    this.#wanted = wanted;
    this.#pace = pace;
  }

  async read(needsDefault: boolean): Promise<LoadedSecrets> {
    const path = this.place;
    // Taken first: a file that is changed while it is read then counts as changed.
    this.#seen = await stateOf(path);
    const file = readSecretFile(path, 'give a readable file with --secrets, or set HMAC_SECRET');
    if (file === null) return this.#missing(needsDefault);
    const { secrets, warnings } = parseSecrets(file.text, path);
    if (needsDefault && secrets.default.length === 0) throw unusable(lacksDefault(path, secrets.byName));
    this.#existed = true;
    return { secrets, warnings: [...file.warnings, ...warnings] };
  }

  watch(onChange: () => void): () => void {
    let last = this.#seen;
    const hasChanged = async () => {
      const state = await stateOf(this.place);
      this.#seen ??= state;
      // Told once it has stood still: whoever writes the file may be half-way, and half of it may be a valid file.
      const stands = state === last;
      last = state;
      if (!stands || state === this.#seen) return false;
      this.#seen = state;
      return true;
    };
    return poll(() => this.#pace.pollMs, hasChanged, onChange);
  }

  #missing(needsDefault: boolean): LoadedSecrets {
    const path = this.place;
    if (needsDefault)
      throw unusable(
        `there is no signing secret: set HMAC_SECRET, or put the secret in ${path} (or in another file given with --secrets), readable by user ${userName()}`,
      );
    if (this.#existed)
      throw unusable(`${path} is gone, and with it the secrets it named: put it back, or start without it`);
    const warnings = this.#wanted ? [`${path} is not there: HMAC_SECRET alone is signed with`] : [];
    return { secrets: { default: [], byName: {} }, warnings };
  }
}

/** Differs when the file has been changed, is another one, or cannot be looked at. */
function stateOf(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(identityOf, errorCode);
}

/**
 * What tells a file from a changed one, and from another under its name: edits in place change its times or size,
 * renames and swapped symbolic links its number. The time of status change is in it for `chmod`, and for those who set
 * the other one back, as `cp -p` does.
 */
function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

function lacksDefault(path: string, byName: object): string {
  return Object.keys(byName).length === 0
    ? `${path} holds no signing secret: put one in it, a line each, or set HMAC_SECRET`
    : `${path} holds no default secret: put one above the first heading, or set HMAC_SECRET`;
}
