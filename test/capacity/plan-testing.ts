/** Inputs for plans: those of the table, with what a test is about. */
import type { PlanInputs } from '../../src/capacity/inputs.ts';
import { defaultPlanInputs } from '../../src/config/plan-inputs.ts';

export function inputsOf(given: Partial<PlanInputs>): PlanInputs {
  return { ...defaultPlanInputs(), eventsPerSecond: 10_000, ...given };
}

/** Equal to nine digits: the same sum in another order is the same. */
export function isClose(actual: number, expected: number): boolean {
  return Math.abs(actual - expected) <= 1e-9 * Math.max(Math.abs(actual), Math.abs(expected));
}
