/** What a plan is made from. Ranges and defaults are in the table of inputs, which the command reads. */

export interface PlanInputs {
  /** Events per second at the peak of a day; null where the daily curve says it. */
  readonly eventsPerSecond: number | null;
  /** Events per second of each hour of a day, 24 of them; empty for a steady load. */
  readonly dailyCurve: readonly number[];
  /** How many times the peak must still be delivered without a growing queue. */
  readonly surge: number;
  readonly payloadBytes: number;
  readonly payloadMaxBytes: number;
  readonly destinations: number;
  /** Share of the events that go to the busiest address, in percent; null for a tenth, or an equal share where that is more. */
  readonly busiestPercent: number | null;
  /** Half of the answers come within this. */
  readonly latencyP50Ms: number;
  readonly latencyP95Ms: number;
  readonly latencyP99Ms: number;
  /** Of a packet to a receiver and back. */
  readonly roundTripMs: number;
  /** Attempts that are answered, but not with 2xx. */
  readonly errorPercent: number;
  /** Attempts that hold their slot until the deadline. */
  readonly timeoutPercent: number;
  readonly deadlineMs: number;
  readonly retryScheduleMs: readonly number[];
  /** Longest time in which nothing is delivered while events go on coming. */
  readonly outageMs: number;
  /** How soon after that the backlog must be gone. */
  readonly recoveryMs: number;
  /** Null for as many as it takes; so with the brokers. */
  readonly hosts: number | null;
  readonly brokers: number | null;
  readonly cores: number;
  readonly memoryGib: number;
  readonly nicGbit: number;
  readonly nicPacketsPerSecond: number;
  /** Addresses that a host connects from. */
  readonly sourceAddresses: number;
  readonly scheme: 'https' | 'http';
  /** Attempts that go over a kept connection. */
  readonly reusePercent: number;
  readonly brokerMemoryGib: number;
  /** What the broker's disk writes, in MB (10^6 bytes) per second. */
  readonly brokerDiskMbytes: number;
  /** How much of any resource is planned to be in use at most. */
  readonly utilisationPercent: number;
}
