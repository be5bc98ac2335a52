/** What a machine makes of deliveries, by the costs of one: what benchmarks hold the model against. */

export interface Bench {
  readonly cores: number;
  /** CPU of a delivery of all that shares the cores: the engine, and where they are on the same machine Redis and receivers. */
  readonly cpuMicros: number;
  /** Slots of all threads. */
  readonly slots: number;
  /** How long a receiver takes to answer; 0 where it does so at once. */
  readonly receiverMs: number;
}

/** How far a prediction may be from what was measured, as a share of that, for the model to be trusted. */
export const PREDICTION_TOLERANCE = 0.2;

/** Whether a prediction is near enough to what was measured; `ratio` is its share of that. */
export function isWithinTolerance(ratio: number): boolean {
  return Math.abs(ratio - 1) <= PREDICTION_TOLERANCE;
}

/** Deliveries per second: as many as the cores or the slots (Little's law) allow, whichever are fewer. */
export function predictedPerSecond({ cores, cpuMicros, slots, receiverMs }: Bench): number {
  const slotMs = receiverMs + cpuMicros / 1000;
  return Math.min((cores * 1e6) / cpuMicros, (slots * 1000) / slotMs);
}
