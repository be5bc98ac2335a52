/** Inputs that are each in range and cannot be true together, or make no plan. */
import type { PlanInputs } from './inputs.ts';

export interface Contradiction {
  /** The inputs that take part. */
  readonly between: readonly (keyof PlanInputs)[];
  /** Why they make no plan, and what to do: one line, with flags as `{name}` of an input. */
  readonly text: string;
}

/** The first contradiction, or null. A plan is made from inputs without one. */
export function contradictionIn(inputs: PlanInputs): Contradiction | null {
  return CHECKS.map((check) => check(inputs)).find((found) => found !== null) ?? null;
}

type Check = (inputs: PlanInputs) => Contradiction | null;

const CHECKS: readonly Check[] = [
  ({ eventsPerSecond, dailyCurve }) =>
    eventsPerSecond === null && dailyCurve.length === 0
      ? found(
          ['eventsPerSecond'],
          'no load is given: give {eventsPerSecond} with the events per second of a busy hour, or {dailyCurve}',
        )
      : null,
  ({ dailyCurve }) =>
    dailyCurve.length > 0 && Math.max(...dailyCurve) === 0
      ? found(
          ['dailyCurve'],
          '{dailyCurve} is 0 at every hour, and has no peak to plan for: give the events of at least one hour',
        )
      : null,
  ({ latencyP50Ms, latencyP95Ms }) => ordered('latencyP50Ms', latencyP50Ms, 'latencyP95Ms', latencyP95Ms),
  ({ latencyP95Ms, latencyP99Ms }) => ordered('latencyP95Ms', latencyP95Ms, 'latencyP99Ms', latencyP99Ms),
  ({ latencyP99Ms, deadlineMs }) =>
    latencyP99Ms > deadlineMs
      ? found(
          ['latencyP99Ms', 'deadlineMs'],
          '{latencyP99Ms} is above {deadlineMs}, so those answers come too late and count as time-outs: count them in {timeoutPercent}, or raise {deadlineMs}',
        )
      : null,
  ({ errorPercent, timeoutPercent }) =>
    errorPercent + timeoutPercent >= 100
      ? found(
          ['errorPercent', 'timeoutPercent'],
          '{errorPercent} and {timeoutPercent} are 100 % or more together, so nothing is ever delivered: give shares of all attempts that leave some',
        )
      : null,
  ({ payloadBytes, payloadMaxBytes }) =>
    payloadBytes > payloadMaxBytes
      ? found(
          ['payloadBytes', 'payloadMaxBytes'],
          'the mean of {payloadBytes} is above the largest of {payloadMaxBytes}: raise the latter',
        )
      : null,
  ({ busiestPercent, destinations }) =>
    busiestPercent !== null && busiestPercent < 100 / destinations
      ? found(
          ['busiestPercent', 'destinations'],
          `the busiest of ${destinations} has at least an equal share: give {busiestPercent} ${Math.ceil(10_000 / destinations) / 100} or more, or raise {destinations}`,
        )
      : null,
];

function ordered(
  lower: keyof PlanInputs,
  lowerMs: number,
  upper: keyof PlanInputs,
  upperMs: number,
): Contradiction | null {
  if (lowerMs <= upperMs) return null;
  return found(
    [lower, upper],
    `{${upper}} (${upperMs} ms) is below {${lower}} (${lowerMs} ms), and more answers cannot come within a shorter time: raise {${upper}}, or lower {${lower}}`,
  );
}

function found(between: Contradiction['between'], text: string): Contradiction {
  return { between, text };
}
