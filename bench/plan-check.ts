/** What the planner's model makes of runs that were measured, beside what came of them. */
import { type Bench, predictedPerSecond } from '../src/capacity/prediction.ts';
import { count } from './figures.ts';

export interface PlanCheck {
  /** What was run, in a few words. */
  readonly of: string;
  readonly predictedPerSecond: number;
  readonly measuredPerSecond: number;
  /** Predicted of measured. */
  readonly ratio: number;
}

/** How far a prediction may be from what was measured, as a share of that. */
export const PLAN_TOLERANCE = 0.2;

export function planCheck(of: string, bench: Bench, measuredPerSecond: number): PlanCheck {
  return planCheckOf(of, predictedPerSecond(bench), measuredPerSecond);
}

export function planCheckOf(of: string, predicted: number, measuredPerSecond: number): PlanCheck {
  return { of, predictedPerSecond: predicted, measuredPerSecond, ratio: predicted / measuredPerSecond };
}

export function isWithinTolerance({ ratio }: Pick<PlanCheck, 'ratio'>): boolean {
  return Math.abs(ratio - 1) <= PLAN_TOLERANCE;
}

/** Lines for people; none where nothing was predicted. */
export function planCheckLines(checks: readonly PlanCheck[]): string[] {
  if (checks.length === 0) return [];
  const outside = checks.filter((check) => !isWithinTolerance(check));
  const figures = (check: PlanCheck) =>
    `  ${check.of}: predicted ${count(check.predictedPerSecond)}/s, measured ${count(check.measuredPerSecond)}/s, ratio ${check.ratio.toFixed(2)}`;
  return [
    `The planner's model is within ${PLAN_TOLERANCE * 100} % of ${checks.length - outside.length} of ${checks.length} measured runs${outside.length === 0 ? '' : ', but not of'}`,
    ...outside.map(figures),
  ];
}
