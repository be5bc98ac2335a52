/** Reads a small file whole: bounded, never waiting, and every fault with its fix. */
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
    const bytes = bytesOf(fd, maxBytes + 1);
    if (bytes.length <= maxBytes) return { bytes, mode: stats.mode };
    return { fault: `is larger than ${maxBytes / 1_048_576} MiB: give the file that holds nothing else` };
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' ? null : { fault: accessFault(path, code, elsewhere) };
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** What is in a file, at most so many bytes of it: the size that `stat` gives may have grown meanwhile, and is 0 in /proc. */
function bytesOf(fd: number, maxBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(maxBytes);
  let length = 0;
  let read: number;
  do {
    read = readSync(fd, bytes, length, maxBytes - length, null);
    length += read;
  } while (read > 0);
  return bytes.subarray(0, length);
}
