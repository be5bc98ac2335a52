/** How the slots and sockets of an engine are spread over its threads, and what each thread is told. Pure. */
import type { OptionValues } from './config/options.ts';
import type { GuardPolicy } from './guard/policy.ts';
import type { AttemptPolicy } from './thread/policy.ts';
import { VERSION } from './version.ts';

export interface ThreadPlan {
  readonly threads: number;
  readonly slotsPerThread: number;
  readonly policy: AttemptPolicy;
}

/** Files that are open beside sockets to receivers: the broker's, the threads' own, logs, libraries. */
export const OTHER_FILES = 128;
/** Most sockets of one thread when nobody says otherwise: unused ones take some 50 KB each with TLS. */
const SOCKETS_PER_THREAD = 2_048;

/** `cores` and `openFiles`: what this machine has, and allows this process. */
export function threadPlan(values: OptionValues, cores: number, openFiles: number): ThreadPlan {
  const threads = values.threads ?? cores;
  const slots = Math.max(1, Math.ceil((values.concurrency * cores) / threads));
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
    sockets: Math.max(slots, sockets),
  };
  return { threads, slotsPerThread: slots, policy };
}

export type GuardOptions = Pick<OptionValues, 'allowHttp' | 'allowNet' | 'allowHost' | 'allowPort'>;

/** Where the options let requests go. */
export function guardPolicy({ allowHttp, allowNet, allowHost, allowPort }: GuardOptions): GuardPolicy {
  return { allowHttp, allowNets: allowNet, allowHosts: allowHost, allowPorts: allowPort };
}
