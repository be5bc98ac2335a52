/** What a worker of these options would use of this machine. Pure. */
import type { PlanFacts } from './facts.ts';

export interface PlannedWorker {
  readonly threads: number;
  readonly slots: number;
  readonly sockets: number;
  /** Files that are open beside sockets to receivers. */
  readonly otherFiles: number;
  /** What the planner takes an engine, each of its threads and each open connection to cost. */
  readonly costs: { readonly baseBytes: number; readonly threadBytes: number; readonly socketBytes: number };
}

export function planFacts({ threads, slots, sockets, otherFiles, costs }: PlannedWorker): PlanFacts {
  const { baseBytes, threadBytes, socketBytes } = costs;
  return {
    slots,
    sockets,
    openFiles: sockets + otherFiles,
    memoryBytes: baseBytes + threads * threadBytes + sockets * socketBytes,
  };
}
