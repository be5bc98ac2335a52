/** What a delivery costs this engine: measured, not worked out. `calibration.ts` takes them from a benchmark's result. */
import type { PlanInputs } from './inputs.ts';

export interface Costs {
  /** Where the figures come from, in a few words. */
  readonly source: string;
  /** CPU of an attempt over a kept connection with a body of 1 KiB, all threads of the engine, in microseconds. */
  readonly cpuMicros: number;
  /** The part of `cpuMicros` that is the main thread's, which there is one of. */
  readonly mainMicros: number;
  /** CPU of each further KiB of body. */
  readonly cpuMicrosPerKib: number;
  /** CPU of a new connection; with TLS, of a full handshake. */
  readonly connectMicros: number;
  /** CPU of the broker for a claim and a settlement, in microseconds for each delivery. */
  readonly brokerMicros: number;
  /** CPU of the broker for each further KiB: its log, its scripts and its sockets copy the envelope. */
  readonly brokerMicrosPerKib: number;
  /** CPU of the broker for a producer's push. */
  readonly pushMicros: number;
  /** Memory of an engine that has nothing to do, without its threads, in bytes. */
  readonly baseBytes: number;
  readonly threadBytes: number;
  /** Memory of an open connection. */
  readonly socketBytes: number;
}

/**
 * Seen with the throughput benchmark on 2 virtual cores (AMD EPYC, Node 26.10), rounded up, and for connections and
 * bodies by single measurements there. A push is that of a producer that sends one event at a time: some 100 000 of
 * those a second are what one Redis takes.
 */
const SEEN = {
  mainMicros: 8,
  cpuMicrosPerKib: 6,
  brokerMicros: 7,
  brokerMicrosPerKib: 7,
  pushMicros: 10,
  baseBytes: 160 * 2 ** 20,
  threadBytes: 64 * 2 ** 20,
} as const;
/** What TLS makes dearer. */
const SEEN_OF_SCHEME = {
  https: { cpuMicros: 55, connectMicros: 900, socketBytes: 50_000 },
  http: { cpuMicros: 43, connectMicros: 150, socketBytes: 20_000 },
} as const satisfies Record<PlanInputs['scheme'], Partial<Costs>>;

export function costsOf(scheme: PlanInputs['scheme']): Costs {
  return { source: `built-in figures for ${scheme}`, ...SEEN, ...SEEN_OF_SCHEME[scheme] };
}
