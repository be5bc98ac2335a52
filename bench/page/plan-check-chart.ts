/** What the planner's model made of the runs of a result, beside what came of them. */
import { PREDICTION_TOLERANCE } from '../../src/capacity/prediction.ts';
import type { Chart } from '../../src/report/chart.ts';
import type { PlanCheck } from '../plan-check.ts';

/** None where nothing was predicted, as in results of earlier versions. */
export function planCheckChart({ planChecks = [] }: { readonly planChecks?: readonly PlanCheck[] }): Chart[] {
  if (planChecks.length === 0) return [];
  return [
    {
      kind: 'bars',
      title: "The planner's prediction beside what was measured",
      note: `Wanted: within ${PREDICTION_TOLERANCE * 100} %.`,
      xLabel: 'run',
      yLabel: 'deliveries/s',
      x: planChecks.map((check) => check.of),
      series: [
        { name: 'predicted', values: planChecks.map((check) => check.predictedPerSecond) },
        { name: 'measured', values: planChecks.map((check) => check.measuredPerSecond) },
      ],
    },
  ];
}
