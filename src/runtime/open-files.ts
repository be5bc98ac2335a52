import { readFileSync } from 'node:fs';

/** Where nothing can be read: what most systems give a process. */
const USUAL_LIMIT = 1_024;

/** How many files and sockets this process may have open (RLIMIT_NOFILE; Node raises the soft limit to the hard one as it starts). */
export function openFilesLimit(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? USUAL_LIMIT : Number(soft);
  } catch {
    return USUAL_LIMIT;
  }
}
