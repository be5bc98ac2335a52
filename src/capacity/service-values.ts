/** The limits of Volley's user, and what its service manager must allow. */
import type { HostValue } from './host-value.ts';
import type { Plan } from './plan.ts';
import { FILES_MAX } from './resources.ts';
import { powerOfTwo, roundUp } from './rounding.ts';

/** Threads of an engine beside those that send: main, libuv, V8, the SQLite broker's. */
const OTHER_THREADS = 64;
/** How long a stopping worker waits for its attempts (`--drain-timeout`), and then to settle and exit, in seconds. */
const DRAIN_SECONDS = 25;
const EXIT_SECONDS = 10;

export function limitsOf(plan: Plan): HostValue[] {
  const { threads } = plan.host;
  return [
    {
      key: 'nofile',
      value: String(filesOf(plan)),
      sense: 'at-least',
      reason: 'each connection is an open file; without one an attempt fails with EMFILE',
      formula: filesFormula(plan),
    },
    {
      key: 'nproc',
      value: '4096',
      sense: 'at-least',
      reason: 'threads count as processes of their user',
      formula: `${threads} sending threads + ${OTHER_THREADS} others, for several workers of one user`,
    },
  ];
}

export function systemdOf(plan: Plan): HostValue[] {
  const { inputs, host } = plan;
  const memoryMib = Math.floor(inputs.memoryGib * 1024 * (inputs.utilisationPercent / 100));
  return [
    {
      key: 'LimitNOFILE',
      value: String(filesOf(plan)),
      sense: 'at-least',
      reason: 'as nofile, which services do not read',
      formula: filesFormula(plan),
    },
    {
      key: 'TimeoutStopSec',
      value: `${DRAIN_SECONDS + EXIT_SECONDS}s`,
      sense: 'at-least',
      reason: 'killed earlier, a worker cannot hand back what it has claimed, and it is delivered twice',
      formula: `--drain-timeout (${DRAIN_SECONDS} s) + ${EXIT_SECONDS} s to settle and exit`,
    },
    {
      key: 'MemoryMax',
      value: `${memoryMib}M`,
      sense: 'at-least',
      reason: 'a worker that leaks is restarted, before the kernel chooses whom to kill',
      formula: `${inputs.utilisationPercent} % of ${inputs.memoryGib} GiB; the plan needs ${Math.ceil(host.memoryBytes / 2 ** 20)} MiB`,
    },
    {
      key: 'TasksMax',
      value: String(roundUp(host.threads + OTHER_THREADS, 128)),
      sense: 'at-least',
      reason: 'threads count as tasks; Node starts a few for itself',
      formula: `${host.threads} sending threads + ${OTHER_THREADS} others, in steps of 128`,
    },
  ];
}

/** Twice what is needed, so that one host more or less of its peers does not run into it; a power of two. */
function filesOf({ host }: Plan): number {
  return Math.min(FILES_MAX, Math.max(65_536, powerOfTwo(2 * host.openFiles)));
}

function filesFormula({ host }: Plan): string {
  return `twice ${host.openFiles} = ${host.sockets} connections + 128, up to a power of two, 65536 to ${FILES_MAX}`;
}
