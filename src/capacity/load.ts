/** What is asked of the engines as a whole: attempts, and how long each holds a slot. */
import type { Costs } from './costs.ts';
import type { PlanInputs } from './inputs.ts';

export interface Load {
  /** At the peak of a day. */
  readonly peakPerSecond: number;
  /** Events per second of each hour; 24 times the peak for a steady load. */
  readonly hourly: readonly number[];
  /** Peak times surge. */
  readonly surgePerSecond: number;
  /** What the backlog of an outage asks for while it is worked off beside the peak. */
  readonly recoveryPerSecond: number;
  /** The greater of the two: what must be delivered. */
  readonly requiredPerSecond: number;
  /** Events that wait when an outage ends. */
  readonly backlogEvents: number;
  readonly attemptsPerEvent: number;
  /** Share of the events that no attempt of the schedule delivers, if attempts fail independently of each other. */
  readonly deadShare: number;
  /** Mean wait of an event between its attempts, in seconds: what keeps it in the broker's memory. */
  readonly delaySeconds: number;
  /** Mean time to a complete answer. */
  readonly answerMs: number;
  /** Mean time to open a connection. */
  readonly connectMs: number;
  /** Mean time an attempt holds its slot, failures and connections included. */
  readonly slotMs: number;
  /** CPU of an attempt, bodies and connections included, in microseconds. */
  readonly cpuMicros: number;
  /** Share of the attempts that go to the busiest address. */
  readonly busiestShare: number;
}

/** What is taken for the busiest address's share when nobody says. */
const BUSIEST_SHARE = 0.1;

export function loadOf(inputs: PlanInputs, costs: Costs): Load {
  const curvePeak = Math.max(0, ...inputs.dailyCurve);
  const peakPerSecond = inputs.eventsPerSecond ?? curvePeak;
  const hourly =
    inputs.dailyCurve.length === 0
      ? Array.from({ length: 24 }, () => peakPerSecond)
      : inputs.dailyCurve.map((value) => (value * peakPerSecond) / curvePeak);
  const backlogEvents = (peakPerSecond * inputs.outageMs) / 1000;
  const surgePerSecond = peakPerSecond * inputs.surge;
  const recoveryPerSecond =
    inputs.outageMs === 0 ? peakPerSecond : peakPerSecond * (1 + inputs.outageMs / inputs.recoveryMs);
  const failed = (inputs.errorPercent + inputs.timeoutPercent) / 100;
  const fresh = 1 - inputs.reusePercent / 100;
  const answerMs = meanAnswerMs(inputs);
  const connectMs = inputs.roundTripMs * ROUND_TRIPS[inputs.scheme];
  const cpuMicros =
    costs.cpuMicros +
    Math.max(0, inputs.payloadBytes / 1024 - 1) * costs.cpuMicrosPerKib +
    fresh * costs.connectMicros;
  const timedOut = inputs.timeoutPercent / 100;
  return {
    peakPerSecond,
    hourly,
    surgePerSecond,
    recoveryPerSecond,
    requiredPerSecond: Math.max(surgePerSecond, recoveryPerSecond),
    backlogEvents,
    ...retriesOf(failed, inputs.retryScheduleMs),
    answerMs,
    connectMs,
    slotMs: (1 - timedOut) * (answerMs + fresh * connectMs) + timedOut * inputs.deadlineMs + cpuMicros / 1000,
    cpuMicros,
    busiestShare:
      inputs.busiestPercent === null
        ? Math.max(BUSIEST_SHARE, 1 / inputs.destinations)
        : inputs.busiestPercent / 100,
  };
}

/** Before a request can be sent: one for TCP, and one for TLS 1.3 (RFC 8446 §2). */
const ROUND_TRIPS = { http: 1, https: 2 } as const;

/** Attempts `k` is made when the `k` before it failed: a geometric series that ends with the schedule. */
function retriesOf(
  failed: number,
  scheduleMs: readonly number[],
): Pick<Load, 'attemptsPerEvent' | 'deadShare' | 'delaySeconds'> {
  let reached = 1;
  let attemptsPerEvent = 1;
  let delaySeconds = 0;
  for (const waitMs of scheduleMs) {
    reached *= failed;
    attemptsPerEvent += reached;
    delaySeconds += (reached * waitMs) / 1000;
  }
  return { attemptsPerEvent, deadShare: reached * failed, delaySeconds };
}

/**
 * Mean of the answers' times, from above: the quantiles with straight lines between them. The faster half counts as the
 * median; the last hundredth grows on as it did from p95 to p99, up to the deadline.
 */
export function meanAnswerMs({
  latencyP50Ms: p50,
  latencyP95Ms: p95,
  latencyP99Ms: p99,
  deadlineMs,
}: Pick<PlanInputs, 'latencyP50Ms' | 'latencyP95Ms' | 'latencyP99Ms' | 'deadlineMs'>): number {
  const slowest = Math.min(deadlineMs, (p99 * p99) / p95);
  return 0.5 * p50 + 0.45 * ((p50 + p95) / 2) + 0.04 * ((p95 + p99) / 2) + 0.01 * ((p99 + slowest) / 2);
}
