/** What the figures were measured on: without it they mean nothing. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { openFilesLimit } from '../src/runtime/open-files.ts';
import { isBusy } from './noise.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMib: number;
  /** Over the last minute, before anything was started: far above 0, and something else ran. */
  readonly loadAverage: number;
  /** Whether that is so far above 0 that figures are noisy. */
  readonly busy: boolean;
  readonly kernel: string;
  readonly node: string;
  readonly openssl: string;
  readonly undici: string;
  /** The undici inside Node: what the global fetch uses. */
  readonly undiciOfNode: string;
  readonly bullmq: string;
  readonly ioredis: string;
  readonly redis: string;
  /** Null for no limit that is known. */
  readonly openFilesLimit: number | null;
  /** Kernel settings that sockets and files depend on; null where the kernel has no such setting. */
  readonly sysctl: Readonly<Record<string, string | null>>;
}

const SYSCTLS = [
  'fs.file-max',
  'net.core.netdev_max_backlog',
  'net.core.rmem_max',
  'net.core.somaxconn',
  'net.core.wmem_max',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_congestion_control',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_mtu_probing',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_slow_start_after_idle',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv4.tcp_window_scaling',
  'net.ipv4.tcp_wmem',
  'net.netfilter.nf_conntrack_max',
  'vm.overcommit_memory',
];

/** Taken before anything is started. */
export function machine(): Machine {
  const require = createRequire(import.meta.url);
  const version = (name: string) => require(`${name}/package.json`).version as string;
  const cores = availableParallelism();
  const loadAverage = loadavg()[0]!;
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores,
    memoryMib: Math.round(totalmem() / 2 ** 20),
    loadAverage,
    busy: isBusy({ loadAverage, cores }),
    kernel: `${type()} ${release()}`,
    node: process.versions.node,
    openssl: process.versions.openssl,
    undici: version('undici'),
    undiciOfNode: process.versions['undici'] ?? 'unknown',
    bullmq: version('bullmq'),
    ioredis: version('ioredis'),
    redis: redisVersion(),
    openFilesLimit: openFilesLimit(),
    sysctl: Object.fromEntries(SYSCTLS.map((name) => [name, sysctl(name)])),
  };
}

function redisVersion(): string {
  try {
    const said = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /\bv=(\S+)/.exec(said)?.[1] ?? 'unknown';
  } catch {
    return 'none';
  }
}

function sysctl(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'utf8')
      .trim()
      .replace(/\s+/g, ' ');
  } catch {
    return null;
  }
}
