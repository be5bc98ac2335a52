/** What the kernel counts of processors and disks, and what two looks at it tell. Pure but for the looking. */
import { both, mapped, type Reading } from '../../host/reading.ts';
import type { SystemFiles } from '../../host/system-files.ts';

/** One look. */
export interface Sample {
  /** /proc/stat. */
  readonly processors: Reading<string>;
  /** /proc/diskstats. */
  readonly disks: Reading<string>;
  /** Monotonic milliseconds. */
  readonly atMs: number;
}

export function sample(files: SystemFiles, atMs: number): Sample {
  return { processors: files.read('/proc/stat'), disks: files.read('/proc/diskstats'), atMs };
}

/** Share of the time between the two looks in which the processors waited for a disk (`iowait` of proc(5)). */
export function ioWaitShare(before: Sample, after: Sample): Reading<number> {
  return mapped(both(before.processors, after.processors), ([first, second]) => {
    const [from, to] = [jiffies(first), jiffies(second)];
    const all = sum(to) - sum(from);
    return all <= 0 ? 0 : Math.max(0, to[4]! - from[4]!) / all;
  });
}

/** The numbers of the line `cpu`: user, nice, system, idle, iowait, … */
function jiffies(stat: string): number[] {
  return (/^cpu\s+(.*)/m.exec(stat)?.[1] ?? '0 0 0 0 0').split(/\s+/).slice(0, 8).map(Number);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

export interface DiskActivity {
  /** As iostat's %util, from 0 to 1. */
  readonly busyShare: number;
  /** As iostat's await, in milliseconds; null where there was no request. */
  readonly requestMs: number | null;
}

/** What a device (`MAJOR:MINOR`) did between the two looks; null where the kernel counts nothing for it. */
export function diskActivity(before: Sample, after: Sample, device: string): DiskActivity | null {
  const counted = both(before.disks, after.disks);
  if ('unread' in counted) return null;
  const [from, to] = counted.value.map((text) => countersOf(text, device));
  if (from === undefined || to === undefined || from === null || to === null) return null;
  const requests = to.requests - from.requests;
  return {
    busyShare: Math.min(1, (to.busyMs - from.busyMs) / (after.atMs - before.atMs)),
    requestMs: requests > 0 ? (to.waitedMs - from.waitedMs) / requests : null,
  };
}

/** Counters of a device since the start (Documentation/admin-guide/iostats.rst of the kernel). */
function countersOf(diskstats: string, device: string) {
  for (const line of diskstats.split('\n')) {
    const [major, minor, , ...counters] = line.trim().split(/\s+/);
    if (`${major}:${minor}` !== device) continue;
    const [reads = 0, , , readMs = 0, writes = 0, , , writeMs = 0, , busyMs = 0] = counters.map(Number);
    return { requests: reads + writes, waitedMs: readMs + writeMs, busyMs };
  }
  return null;
}
