/** The files that hold a signed request: its headers, and its body byte for byte. */
import { createReadStream } from 'node:fs';
import { errorCode, VolleyError } from '../errors.ts';
import { readAtMost } from '../runtime/small-file.ts';
import { headersOfLines } from './header-text.ts';

/** The longest body that is read, in bytes; the largest webhooks anyone documents (GitHub's) have 25 MB. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The longest headers that are read, in bytes; servers take 8 to 64 KiB. */
const MAX_HEADERS_BYTES = 1024 * 1024;

/** The headers in the file of `--headers`. Throws VOLLEY_USAGE where there are none. */
export function readHeaders(path: string): [name: string, value: string][] {
  const headers = headersOfLines(textOf(path));
  if (headers.length > 0) return headers;
  throw usage(`--headers ${path} holds no header: it takes lines written name: value`);
}

function textOf(path: string): string {
  let bytes: Buffer | null;
  try {
    bytes = readAtMost(path, MAX_HEADERS_BYTES);
  } catch (error) {
    throw usage(`--headers ${path} cannot be read (${errorCode(error)}): name a readable file`);
  }
  if (bytes !== null) return bytes.toString('latin1');
  throw usage(`--headers ${path} has more than ${MAX_HEADERS_BYTES} bytes: no request has such headers`);
}

/** The bytes in the file of `--body`; `-` is standard input. Throws VOLLEY_USAGE where they cannot be had. */
export async function readBody(path: string): Promise<Buffer> {
  if (path === '-' && process.stdin.isTTY)
    throw usage('the body is missing: give --body FILE, or the body on standard input');
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      chunks.push(chunk as Buffer);
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BODY_BYTES) break;
    }
  } catch (error) {
    throw usage(`--body ${path} cannot be read (${errorCode(error)}): name a readable file`);
  }
  if (bytes <= MAX_BODY_BYTES) return Buffer.concat(chunks);
  throw usage(`--body ${path} has more than ${MAX_BODY_BYTES} bytes: no webhook is that long`);
}

function usage(message: string): VolleyError {
  return new VolleyError('VOLLEY_USAGE', message);
}
