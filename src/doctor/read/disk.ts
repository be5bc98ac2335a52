/** The disk that a file is on. */
import { realpathSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode } from '../../errors.ts';
import { mapped, type Reading } from '../../host/reading.ts';
import type { SystemFiles } from '../../host/system-files.ts';
import type { DiskFacts } from '../facts.ts';
import { diskActivity, type Sample } from './sample.ts';

/** The disk of a file or folder, which need not be there yet, and what it did between two looks. */
export function readDisk(
  files: SystemFiles,
  path: string,
  [before, after]: readonly [Sample, Sample],
): Reading<DiskFacts> {
  const place = existing(resolve(path));
  return mapped(files.read('/proc/self/mountinfo'), (mountinfo) => {
    const { mount, fileSystem, device } = mountOf(mountinfo, place);
    const { bsize, blocks, bavail } = statfsSync(place);
    const activity = diskActivity(before, after, device);
    return {
      mount,
      fileSystem,
      freeBytes: bavail * bsize,
      totalBytes: blocks * bsize,
      busyShare: activity?.busyShare ?? null,
      requestMs: activity?.requestMs ?? null,
    };
  });
}

/** The path, links followed, or the nearest folder above it that is there. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (path === '/' || !/^E(?:NOENT|NOTDIR|ACCES)$/.test(errorCode(error))) throw error;
    return existing(dirname(path));
  }
}

export interface Mount {
  readonly mount: string;
  readonly fileSystem: string;
  /** `MAJOR:MINOR`. */
  readonly device: string;
}

/** The mount that a path is in: of those above it the longest, and of equals the last (proc_pid_mountinfo(5)). */
export function mountOf(mountinfo: string, path: string): Mount {
  let found: Mount = { mount: '/', fileSystem: 'unknown', device: '' };
  for (const line of mountinfo.split('\n')) {
    const [, , device = '', , escaped = '', ...rest] = line.split(' ');
    const mount = escaped.replaceAll(/\\(\d{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const isAbove = path === mount || path.startsWith(mount === '/' ? '/' : `${mount}/`);
    if (!isAbove || mount.length < found.mount.length) continue;
    found = { mount, fileSystem: rest[rest.indexOf('-') + 1] ?? 'unknown', device };
  }
  return found;
}
