/** What the planner's model makes of runs that were measured, beside what came of them. */
import {
  type Bench,
  isWithinTolerance,
  PREDICTION_TOLERANCE,
  predictedPerSecond,
} from '../src/capacity/prediction.ts';
import { count } from './figures.ts';

export interface PlanCheck {
  /** What was run, in a few words. */
  readonly of: string;
  readonly predictedPerSecond: number;
  readonly measuredPerSecond: number;
  /** Predicted of measured. */
  readonly ratio: number;
}

export function planCheck(of: string, bench: Bench, measuredPerSecond: number): PlanCheck {
  return planCheckOf(of, predictedPerSecond(bench), measuredPerSecond);
}

export function planCheckOf(of: string, predicted: number, measuredPerSecond: number): PlanCheck {
  return { of, predictedPerSecond: predicted, measuredPerSecond, ratio: predicted / measuredPerSecond };
}

/** Lines for people; none where nothing was predicted. */
export function planCheckLines(checks: readonly PlanCheck[]): string[] {
  if (checks.length === 0) return [];
  const outside = checks.filter((check) => !isWithinTolerance(check.ratio));
  const figures = (check: PlanCheck) =>
    `  ${check.of}: predicted ${count(check.predictedPerSecond)}/s, measured ${count(check.measuredPerSecond)}/s, ratio ${check.ratio.toFixed(2)}`;
  return [
    `The planner's model is within ${PREDICTION_TOLERANCE * 100} % of ${checks.length - outside.length} of ${checks.length} measured runs${outside.length === 0 ? '' : ', but not of'}`,
    ...outside.map(figures),
  ];
}
