/**
 * The files that a destination's settings name. They are read when the config is loaded, and each once, however many
 * destinations name it. No message holds anything of what is in them.
 */
import { resolve } from 'node:path';
import { VolleyError } from '../errors.ts';
import { readSmallFile } from '../runtime/small-file.ts';
import { userName } from '../runtime/user-name.ts';
import {
  certificatesFault,
  onlyCertificates,
  pairFault,
  privateKeyFault,
  validityWarning,
} from './certificates.ts';
import type { FileContent } from './destination-settings.ts';
import { encryptionKeyOf, type PublicJwk } from './encryption-key.ts';
import { discreetFailure } from './failure.ts';
import type { FileEntry } from './file.ts';

/** Largest file, in bytes: a bundle of every public authority has a fifth of it. */
const MAX_FILE_BYTES = 1_048_576;
/** Longest path, in bytes, with the zero at its end (PATH_MAX of Linux). */
const MAX_PATH_BYTES = 4_096;

export class NamedFiles {
  readonly #folder: string;
  readonly #nowMs: number;
  /** What was made of the files so far, by what they hold and their path. */
  readonly #known = new Map<string, unknown>();
  readonly #warnings: string[] = [];

  /** Paths are taken from `folder`; `nowMs` (epoch) is for the validity of certificates. */
  constructor(folder: string, nowMs: number) {
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  /** What is no mistake and may become one, a line each. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }

  /** What the file that an entry names holds: PEM text, or a key. Throws VOLLEY_CONFIG naming the entry's place, the file and the fix. */
  read(entry: FileEntry, holds: FileContent): string | PublicJwk {
    const path = this.#pathOf(entry);
    return this.#once(`${holds} ${path}`, () => {
      const text = textOf(entry, path);
      switch (holds) {
        case 'certificate':
        case 'authorities':
          return this.#certificates(entry, path, text);
        case 'private key':
          return this.#checked(entry, path, text, privateKeyFault(text));
        case 'encryption key': {
          const made = encryptionKeyOf(text);
          return 'fault' in made ? complain(entry, path, made.fault) : made.key;
        }
        default:
          return holds satisfies never;
      }
    });
  }

  /** Throws VOLLEY_CONFIG when the key does not belong to the certificate; both were read before. */
  checkPair(certificate: FileEntry, key: FileEntry): void {
    const path = this.#pathOf(key);
    this.#once(`pair ${this.#pathOf(certificate)} ${path}`, () => {
      const [pem, keyPem] = [this.read(certificate, 'certificate'), this.read(key, 'private key')];
      return this.#checked(key, path, '', pairFault(pem as string, keyPem as string));
    });
  }

  #certificates(entry: FileEntry, path: string, text: string): string {
    this.#checked(entry, path, text, certificatesFault(text));
    const warning = validityWarning(text, this.#nowMs);
    if (warning !== null) this.#warnings.push(`${entry.place}: "${entry.key}": ${path} ${warning}`);
    return onlyCertificates(text);
  }

  #checked(entry: FileEntry, path: string, text: string, fault: string | null): string {
    return fault === null ? text : complain(entry, path, fault);
  }

  #once<Made>(name: string, make: () => Made): Made {
    if (!this.#known.has(name)) this.#known.set(name, make());
    return this.#known.get(name) as Made;
  }

  /** The path is repeated in errors; so what is no path, and perhaps the key itself, is refused without being shown. */
  #pathOf(entry: FileEntry): string {
    const { key, value, place } = entry;
    const isPath = typeof value === 'string' && /^(?!\s*\{)[^\p{Cc}]+$/u.test(value);
    if (!isPath || value.includes('-----') || Buffer.byteLength(value) >= MAX_PATH_BYTES)
      return discreetFailure('VOLLEY_CONFIG', `${place}: "${key}"`)('the path of a file, in double quotes');
    return resolve(this.#folder, value);
  }
}

function textOf(entry: FileEntry, path: string): string {
  const file = readSmallFile(path, MAX_FILE_BYTES, 'give the path of a readable file');
  if (file === null)
    return complain(
      entry,
      path,
      `is not there: correct the path, or put the file there, readable by user ${userName()}`,
    );
  return 'fault' in file ? complain(entry, path, file.fault) : file.bytes.toString('utf8');
}

function complain(entry: FileEntry, path: string, fault: string): never {
  throw new VolleyError('VOLLEY_CONFIG', `${entry.place}: "${entry.key}": ${path} ${fault}`);
}
