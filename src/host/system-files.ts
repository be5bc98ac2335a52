/** The files in which the kernel tells of itself (/proc, /sys) and the system is configured (/etc). The only effects of this room. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from '../errors.ts';
import type { Reading } from './reading.ts';

export interface SystemFiles {
  /** The text of a file, without the white space around it. */
  read(path: string): Reading<string>;
  /** The names in a folder, sorted. */
  list(path: string): Reading<readonly string[]>;
}

/** The files below `root`: `/`, or a folder that stands in for it. */
export function systemFiles(root = '/'): SystemFiles {
  return {
    read: (path) => attempt(path, () => readFileSync(join(root, path), 'utf8').trim()),
    list: (path) => attempt(path, () => readdirSync(join(root, path)).sort()),
  };
}

function attempt<Value>(path: string, read: () => Value): Reading<Value> {
  try {
    return { value: read() };
  } catch (error) {
    const code = errorCode(error);
    return { unread: `${path} cannot be read (${code})`, code };
  }
}

/** The text of a file; null where it cannot be read. */
export function textOf(files: SystemFiles, path: string): string | null {
  const reading = files.read(path);
  return 'unread' in reading ? null : reading.value;
}

/** Where the kernel keeps a setting: `net.core.somaxconn` is /proc/sys/net/core/somaxconn. */
export function sysctlPath(key: string): string {
  return `/proc/sys/${key.replaceAll('.', '/')}`;
}
