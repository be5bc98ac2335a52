/** Reads a file that holds secrets: bounded, never waiting, and every fault with its fix. */
import { isUtf8 } from 'node:buffer';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode, VolleyError } from '../errors.ts';
import { shellWord, unreadable } from './access.ts';
import { unusable } from './check.ts';

/** Largest file read: secrets of 100 000 destinations, each with two of them, and comments. */
const MAX_FILE_BYTES = 16 * 1_048_576;
/** The mode's bit that lets every user read. */
const OTHERS_READ = 0o004n;

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
export async function readSecretFile(path: string, elsewhere: string): Promise<SecretFile | null> {
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for someone to write.
    await using handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat({ bigint: true });
    if (stats.isDirectory()) throw await unreadable(path, 'EISDIR', elsewhere);
    if (!stats.isFile()) throw unusable(`${path} is not a regular file: ${elsewhere}`);
    return { text: decoded(await bytesOf(handle, path), path), warnings: modeWarnings(stats, path) };
  } catch (error) {
    if (error instanceof VolleyError) throw error;
    const code = errorCode(error);
    if (code === 'ENOENT') return null;
    throw await unreadable(path, code, elsewhere);
  }
}

async function bytesOf(handle: FileHandle, path: string): Promise<Buffer> {
  // One byte more than is allowed (`end` is included): the size that `stat` gives may have grown meanwhile.
  const chunks: Buffer[] = [];
  for await (const chunk of handle.createReadStream({ autoClose: false, end: MAX_FILE_BYTES }))
    chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > MAX_FILE_BYTES)
    throw unusable(
      `${path} is larger than ${MAX_FILE_BYTES / 1_048_576} MiB: is it the right file? Keep only secrets in it`,
    );
  return bytes;
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

function modeWarnings({ mode }: BigIntStats, path: string): string[] {
  if ((mode & OTHERS_READ) === 0n) return [];
  return [`${path} is readable by every user: run "chmod 640 ${shellWord(path)}"`];
}
