/** A plan for programs. Its keys are a promise; times and sizes carry their units in their names. */
import type { Calibration } from '../capacity/calibration.ts';
import { hostValues } from '../capacity/host-values.ts';
import type { Plan } from '../capacity/plan.ts';

export type Check = Calibration['check'];

/** `check`: how the model did on the run it was calibrated by; null where it was by none. */
export function planJson(plan: Plan, check: Check | null): Record<string, unknown> {
  const { bottleneck } = plan;
  return {
    feasible: plan.problems.length === 0,
    problems: plan.problems,
    hosts: plan.hosts,
    brokers: plan.brokers,
    plannedPerSecond: plan.plannedPerSecond,
    saturatedPerSecond: plan.saturatedPerSecond,
    drainPerSecond: plan.drainPerSecond,
    drainSeconds: plan.drainSeconds,
    usedShareWithoutOneHost: plan.usedShareWithoutOneHost,
    bottleneck: {
      name: bottleneck.name,
      of: bottleneck.of,
      usedShare: bottleneck.usedShare,
      headroomShare: 1 - bottleneck.usedShare,
      moves: bottleneck.moves,
    },
    load: plan.load,
    host: plan.host,
    broker: plan.broker,
    resources: plan.resources,
    values: hostValues(plan),
    inputs: plan.inputs,
    costs: plan.costs,
    calibration: check,
  };
}
