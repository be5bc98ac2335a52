/** Reads a file that holds secrets, as text. */
import { isUtf8 } from 'node:buffer';
import { shellWord } from '../runtime/access.ts';
import { readSmallFile } from '../runtime/small-file.ts';
import { unusable } from './check.ts';

/** Largest file read: secrets of 100 000 destinations, each with two of them, and comments. */
const MAX_FILE_BYTES = 16 * 1_048_576;
/** The mode's bit that lets every user read. */
const OTHERS_READ = 0o004;

export interface SecretFile {
  /** Without a byte order mark. */
  readonly text: string;
  /** One line each. */
  readonly warnings: readonly string[];
}

/**
 * The file, or null where there is none. `elsewhere` says what to do about one that cannot serve, after a colon.
 * Throws VOLLEY_SECRET naming the file, the user and the fix.
 */
export function readSecretFile(path: string, elsewhere: string): SecretFile | null {
  const file = readSmallFile(path, MAX_FILE_BYTES, elsewhere);
  if (file === null) return null;
  if ('fault' in file) throw unusable(`${path} ${file.fault}`);
  return { text: decoded(file.bytes, path), warnings: modeWarnings(file.mode, path) };
}

/** Throws VOLLEY_SECRET naming the line that is not text. */
function decoded(bytes: Buffer, path: string): string {
  if (isText(bytes)) return new TextDecoder().decode(bytes);
  // As Latin-1, bytes and characters are the same; a line feed is part of no other character in UTF-8.
  const lines = bytes.toString('latin1').split('\n');
  const index = lines.findIndex((line) => !isText(Buffer.from(line, 'latin1')));
  throw unusable(`${path}:${index + 1} is not UTF-8 text: save the file as UTF-8`);
}

/** A zero byte is UTF-8, but no text: it betrays UTF-16. */
function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function modeWarnings(mode: number, path: string): string[] {
  if ((mode & OTHERS_READ) === 0) return [];
  return [`${path} is readable by every user: run "chmod 640 ${shellWord(path)}"`];
}
