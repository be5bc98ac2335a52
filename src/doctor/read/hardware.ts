/** Memory and quotas, as /proc and the control group tell them. */
import { join } from 'node:path';
import { mapped } from '../../host/reading.ts';
import { type SystemFiles, textOf } from '../../host/system-files.ts';
import type { MachineFacts } from '../facts.ts';

/** Share of its periods in which this process's control group ran into its processor quota; null without one. */
export function readQuotaShare(files: SystemFiles): number | null {
  const stat = groupText(files, 'cpu.stat') ?? '';
  const field = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  const periods = field('nr_periods');
  return periods === 0 ? null : field('nr_throttled') / periods;
}

/** The memory of this machine, or of this process's control group where that is allowed less, as in a container. */
export function readMemory(files: SystemFiles): MachineFacts['memory'] {
  return mapped(files.read('/proc/meminfo'), (text) => {
    const [totalBytes, availableBytes] = [kibOf(text, 'MemTotal'), kibOf(text, 'MemAvailable')];
    // "max" where there is no limit.
    const limitBytes = Number(groupText(files, 'memory.max') ?? 'max');
    if (!(limitBytes < totalBytes)) return { totalBytes, availableBytes };
    const leftBytes = limitBytes - Number(groupText(files, 'memory.current') ?? 0);
    return { totalBytes: limitBytes, availableBytes: Math.max(0, Math.min(availableBytes, leftBytes)) };
  });
}

/** The number of a line `NAME: N kB`, in bytes. */
export function kibOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1_024;
}

/** A file of the control group that this process is in (cgroups(7), version 2); null where there is none. */
function groupText(files: SystemFiles, file: string): string | null {
  const path = /^0::(\/.*)$/m.exec(textOf(files, '/proc/self/cgroup') ?? '')?.[1] ?? '/';
  return textOf(files, join('/sys/fs/cgroup', path, file));
}
