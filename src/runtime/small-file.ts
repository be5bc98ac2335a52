/** Reads files whole, and never more than is allowed; small ones without waiting, and every fault with its fix. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { errorCode } from '../errors.ts';
import { accessFault } from './access.ts';

export interface SmallFile {
  readonly bytes: Buffer;
  /** Its permissions, as `stat` tells them. */
  readonly mode: number;
}

/** Holds nothing of what is in the file. */
export interface FileFault {
  /** One line: what follows the path in a sentence, with the fix. */
  readonly fault: string;
}

/**
 * The regular file of at most `maxBytes` at `path`, or what is wrong with it; null where there is none. `elsewhere` says
 * what to do about one that cannot serve, for example `give a readable file with --secrets`.
 */
export function readSmallFile(
  path: string,
  maxBytes: number,
  elsewhere: string,
): SmallFile | FileFault | null {
  let fd: number | null = null;
  try {
    // Without O_NONBLOCK the opening of a named pipe waits for someone to write.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(fd);
    if (!stats.isFile()) return { fault: `is not a regular file: ${elsewhere}` };
    const bytes = bytesOf(fd, maxBytes);
    if (bytes !== null) return { bytes, mode: stats.mode };
    return { fault: `is larger than ${maxBytes / 1_048_576} MiB: give the file that holds nothing else` };
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' ? null : { fault: accessFault(path, code, elsewhere) };
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Read at once, in bytes. */
const CHUNK_BYTES = 65_536;

/**
 * What is in a file, or comes from a pipe, as a shell makes one of <(COMMAND); null where that is more than `maxBytes`.
 * Throws what `openSync` and `readSync` throw.
 */
export function readAtMost(path: string, maxBytes: number): Buffer | null {
  const fd = openSync(path, 'r');
  try {
    return bytesOf(fd, maxBytes);
  } finally {
    closeSync(fd);
  }
}

/** The size that `stat` gives is no bound: a file may grow meanwhile, it is 0 in /proc, and a device has none. */
function bytesOf(fd: number, maxBytes: number): Buffer | null {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= maxBytes; ) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = readSync(fd, chunk);
    if (read === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  return null;
}
