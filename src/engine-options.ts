/** What an engine is given, and what it tells of itself. */
import { randomBytes } from 'node:crypto';
import type { Broker } from './broker/broker.ts';
import { brokerFor } from './broker/open.ts';
import type { OptionValues } from './config/options.ts';
import { idMint } from './delivery/ids.ts';
import type { Settled } from './endings.ts';
import type { Logger } from './record/log.ts';
import type { Latency } from './record/metrics.ts';
import type { SecretProvider } from './secrets/provider.ts';

/** Every option of the table in config/options.ts, and what only a program can give. */
export interface EngineOptions extends Partial<OptionValues> {
  /** Newest first, at least one: for every destination. */
  readonly signingSecrets?: readonly string[];
  /** Where secrets come from, instead of `signingSecrets`; loaded at start, and again by `reload` and when they change. */
  readonly secrets?: SecretProvider;
  /** A pino logger; silent by default. */
  readonly log?: Logger;
  /** Called when what follows from an attempt has been decided. Must not throw. */
  readonly onSettled?: (settled: Settled) => void;
}

/** Parts that a test can put in another's place. */
export interface EngineParts {
  readonly broker?: Broker;
  /** The module that threads run. */
  readonly threadEntry?: URL;
}

export interface EngineSnapshot {
  readonly delivered: number;
  readonly retried: number;
  readonly early: number;
  readonly dead: number;
  readonly parked: number;
  readonly handedBack: number;
  readonly late: number;
  /** Room for attempts in flight, in all threads: what was given, or has been found out up to now. */
  readonly slots: number;
  /** Attempts in flight. */
  readonly inFlight: number;
  /** Claimed, not yet sent. */
  readonly waiting: number;
  /** Of the attempts that succeeded, in milliseconds. */
  readonly latencyMs: Latency;
  /** From the events' timestamps, or their deliverAt where that is later, to their delivery, in milliseconds. */
  readonly eventAgeMs: Latency;
}

/** A broker command that takes longer than this, in milliseconds, is given up and repeated. */
const COMMAND_TIMEOUT_MS = 5_000;

/** The broker that the options name, not yet open. Throws VOLLEY_CONFIG. */
export function brokerOf({ broker, queue, leaseMs }: OptionValues): Broker {
  const mintToken = idMint(Date.now, randomBytes);
  return brokerFor(broker, { queue, leaseMs, mintToken, commandTimeoutMs: COMMAND_TIMEOUT_MS });
}
