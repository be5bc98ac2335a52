/** Reads what checks judge of this machine. */
import { accessSync, constants, statSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { readHeat } from '../../host/heat.ts';
import { readInterfaces } from '../../host/interfaces.ts';
import { sysctlProfileText } from '../../host/profile-files.ts';
import { both, mapped, type Reading } from '../../host/reading.ts';
import { countSockets } from '../../host/socket-table.ts';
import { parseProfile } from '../../host/sysctl-profile.ts';
import { type SystemFiles, sysctlPath } from '../../host/system-files.ts';
import { compareSysctl } from '../../host/tuning.ts';
import { openFilesLimit } from '../../runtime/open-files.ts';
import { userName } from '../../runtime/user-name.ts';
import type { MachineFacts, WorkerFacts } from '../facts.ts';
import { type RunProgram, readClock } from './clock.ts';
import { kibOf, readMemory, readQuotaShare } from './hardware.ts';
import { ioWaitShare, type Sample } from './sample.ts';

/** Where a delivery log is looked for, beside the journal. */
const LOG_FOLDER = '/var/log/webhook';
/** The process title of `volley worker`. */
const WORKER = 'volley worker';

export async function readMachine(
  files: SystemFiles,
  run: RunProgram,
  [before, after]: readonly [Sample, Sample],
): Promise<MachineFacts> {
  const portRange = mapped(sysctl(files, 'net.ipv4.ip_local_port_range'), (text) => {
    const [first = 0, last = 0] = text.split(/\s+/).map(Number);
    return [first, last] as const;
  });
  return {
    kernel: release(),
    node: process.versions.node,
    openssl: process.versions.openssl,
    cores: availableParallelism(),
    openFilesLimit: openFilesLimit(),
    portRange,
    windowScaling: sysctl(files, 'net.ipv4.tcp_window_scaling'),
    sockets: readSockets(files, portRange),
    timeWaitMax: mapped(sysctl(files, 'net.ipv4.tcp_max_tw_buckets'), Number),
    conntrack: readConntrack(files),
    tuning: compareSysctl(parseProfile(sysctlProfileText()), files),
    segments: mapped(files.read('/proc/net/snmp'), segmentsOf),
    clock: await readClock(run),
    memory: readMemory(files),
    oomKills: mapped(files.read('/proc/vmstat'), (text) => Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)),
    interfaces: readInterfaces(files),
    heat: readHeat(files),
    cpu: mapped(both(files.read('/proc/loadavg'), ioWaitShare(before, after)), ([loads, share]) => ({
      load: Number(loads.split(' ')[0]),
      ioWaitShare: share,
      quotaShare: readQuotaShare(files),
    })),
    overcommit: sysctl(files, 'vm.overcommit_memory'),
    hugePages: files.read('/sys/kernel/mm/transparent_hugepage/enabled'),
    logFolder: logFolder(),
    user: userName(),
  };
}

function sysctl(files: SystemFiles, key: string): Reading<string> {
  return files.read(sysctlPath(key));
}

function readSockets(files: SystemFiles, portRange: MachineFacts['portRange']): MachineFacts['sockets'] {
  const ipv6 = files.read('/proc/net/tcp6');
  return mapped(both(files.read('/proc/net/tcp'), portRange), ([ipv4, range]) =>
    // A machine without IPv6 has no such table.
    countSockets('unread' in ipv6 ? [ipv4] : [ipv4, ipv6.value], range),
  );
}

function readConntrack(files: SystemFiles): MachineFacts['conntrack'] {
  const used = sysctl(files, 'net.netfilter.nf_conntrack_count');
  if ('unread' in used && used.code === 'ENOENT') return { value: null };
  return mapped(both(used, sysctl(files, 'net.netfilter.nf_conntrack_max')), ([count, max]) => ({
    used: Number(count),
    max: Number(max),
  }));
}

/** Two lines begin with `Tcp:`: the names, and their numbers (proc_net(5)). */
function segmentsOf(snmp: string): { sent: number; again: number } {
  const [names = [], numbers = []] = [...snmp.matchAll(/^Tcp: (.*)$/gm)].map(([, fields]) =>
    fields!.split(' '),
  );
  const counted = (name: string) => Number(numbers[names.indexOf(name)] ?? 0);
  return { sent: counted('OutSegs'), again: counted('RetransSegs') };
}

function logFolder(): MachineFacts['logFolder'] {
  if (statSync(LOG_FOLDER, { throwIfNoEntry: false }) === undefined) return null;
  try {
    accessSync(LOG_FOLDER, constants.W_OK);
    return { path: LOG_FOLDER, writable: true };
  } catch {
    return { path: LOG_FOLDER, writable: false };
  }
}

/** The workers that run on this machine, as far as this user may look at them. */
export function readWorkers(files: SystemFiles): Reading<readonly WorkerFacts[]> {
  return mapped(files.list('/proc'), (names) =>
    names.flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      const name = files.read(`/proc/${pid}/comm`);
      return 'unread' in name || name.value !== WORKER ? [] : [workerOf(files, pid)];
    }),
  );
}

function workerOf(files: SystemFiles, pid: string): WorkerFacts {
  return {
    pid: Number(pid),
    openFilesLimit: mapped(files.read(`/proc/${pid}/limits`), (text) => {
      const soft = /^Max open files\s+(\S+)/m.exec(text)?.[1];
      return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft ?? 0);
    }),
    openFiles: mapped(files.list(`/proc/${pid}/fd`), (descriptors) => descriptors.length),
    residentBytes: mapped(files.read(`/proc/${pid}/status`), (text) => kibOf(text, 'VmRSS')),
  };
}
