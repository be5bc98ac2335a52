/** How the slots and sockets of an engine are spread over its threads, and what each thread is told. Pure. */
import { costsOf } from './capacity/costs.ts';
import { OTHER_FILES, SOCKETS_PER_THREAD } from './capacity/resources.ts';
import { OPTIONS, type OptionValues } from './config/options.ts';
import type { GuardPolicy } from './guard/policy.ts';
import type { AttemptPolicy } from './thread/policy.ts';
import { VERSION } from './version.ts';

export interface ThreadPlan {
  readonly threads: number;
  /** With which an engine starts. */
  readonly slotsPerCore: number;
  readonly slotsPerThread: number;
  /** Most that a thread may be given while the engine runs; null where the number stays as it is. */
  readonly mostSlotsPerThread: number | null;
  readonly policy: AttemptPolicy;
}

/** What this machine has, and allows this process. */
export interface MachineLimits {
  readonly cores: number;
  readonly openFiles: number;
  /** Local ports that connections to one address of a receiver may have. */
  readonly localPorts: number;
  /** Memory that can still be had, in bytes. */
  readonly memoryBytes: number;
}

/** Slots per core with which the search for their number begins, and below which it does not go: the usual setting. */
const FOUND_FROM = 20;
/** The share of the memory that is left which sockets of slots may take: bodies, claims and the broker's client need some too. */
const MEMORY_SHARE = 0.5;
/** The share of the local ports: one destination may use every slot, and ports of closed connections are not free at once. */
const PORTS_SHARE = 0.5;

export function threadPlan(values: OptionValues, limits: MachineLimits): ThreadPlan {
  const { cores, openFiles } = limits;
  const threads = values.threads ?? cores;
  const isFound = values.concurrency === 'auto';
  const perCore = values.concurrency === 'auto' ? FOUND_FROM : values.concurrency;
  const slots = Math.max(1, Math.ceil((perCore * cores) / threads));
  const mostSlots = isFound ? Math.max(slots, Math.floor(mostSlotsOf(values, limits) / threads)) : null;
  const sockets =
    values.maxSockets === null
      ? Math.min(SOCKETS_PER_THREAD, Math.floor((openFiles - OTHER_FILES) / threads))
      : Math.floor(values.maxSockets / threads);
  const policy: AttemptPolicy = {
    guard: guardPolicy(values),
    dnsServers: values.dnsServers,
    timeouts: {
      connectMs: values.connectTimeoutMs,
      readMs: values.readTimeoutMs,
      totalMs: values.totalTimeoutMs,
    },
    signatures: values.signatures,
    userAgent: `Volley/${VERSION}`,
    slots,
    sockets: Math.max(mostSlots ?? slots, sockets),
  };
  return { threads, slotsPerCore: perCore, slotsPerThread: slots, mostSlotsPerThread: mostSlots, policy };
}

/** What the connections of so many slots may take, in MiB, where each needs its own and they are TLS. */
export function memoryMibOf(slots: number): number {
  return Math.ceil((slots * costsOf('https').socketBytes) / 2 ** 20);
}

/** How many files are open when each of so many slots has a connection of its own. */
export function filesOf(slots: number): number {
  return slots + OTHER_FILES;
}

/** Most slots that may be found best, in all threads: each needs a socket, and so a file, a port and some memory. */
function mostSlotsOf({ maxSockets }: OptionValues, limits: MachineLimits): number {
  const { cores, openFiles, localPorts, memoryBytes } = limits;
  return Math.min(
    OPTIONS.concurrency.max * cores,
    openFiles - OTHER_FILES,
    localPorts * PORTS_SHARE,
    (memoryBytes * MEMORY_SHARE) / costsOf('https').socketBytes,
    maxSockets ?? Number.POSITIVE_INFINITY,
  );
}

export type GuardOptions = Pick<OptionValues, 'allowHttp' | 'allowNet' | 'allowHost' | 'allowPort'>;

/** Where the options let requests go. */
export function guardPolicy({ allowHttp, allowNet, allowHost, allowPort }: GuardOptions): GuardPolicy {
  return { allowHttp, allowNets: allowNet, allowHosts: allowHost, allowPorts: allowPort };
}
