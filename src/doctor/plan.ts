/** What a worker of these options would use of this machine. Pure. */
import type { PlanFacts } from './facts.ts';

/** What a worker takes whatever it does, and for each kept connection (with TLS), in bytes; measured (bench/README.md, hosts). */
const BASE_BYTES = 400 * 2 ** 20;
const SOCKET_BYTES = 50_000;

/** `otherFiles`: files that are open beside sockets to receivers. */
export function planFacts(slots: number, sockets: number, otherFiles: number): PlanFacts {
  return {
    slots,
    sockets,
    openFiles: sockets + otherFiles,
    memoryBytes: BASE_BYTES + sockets * SOCKET_BYTES,
  };
}
