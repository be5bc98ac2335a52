/**
 * Everything that passes between the adapter and its thread: one request and one reply per call. Envelopes travel as
 * one transferred buffer per call, never as a clone each.
 */
import type { DeadLetter } from '../../delivery/outcome.ts';
import type { ErrorCode } from '../../errors.ts';
import type {
  Block,
  DeadFilter,
  DisabledBy,
  ProbeAnswer,
  QueueStats,
  SettleResult,
  Standings,
  TokenGrant,
  TokenWish,
} from '../broker.ts';

/** Given to the thread when it starts. */
export interface ThreadSettings {
  /** The database file. */
  readonly file: string;
  /** The name of the queue it must hold. */
  readonly queue: string;
  readonly leaseMs: number;
  /** How long a write waits for another process to let go of the file. */
  readonly lockWaitMs: number;
}

/** Envelopes one after the other in one buffer, and the length in bytes of each. */
export interface Packed {
  readonly bytes: ArrayBuffer;
  readonly lengths: readonly number[];
}

/** What was claimed: the i-th delivery under claim number `firstClaim + i`. */
export interface Claimed extends Packed {
  readonly firstClaim: number;
  readonly mintedIds: readonly string[];
  readonly attempts: readonly number[];
  /** The version of the standings. */
  readonly standings: number;
}

/** The bounds of a claim. */
export interface Most {
  readonly count: number;
  readonly bytes: number;
}

/** A settlement that is more than forgetting the delivery. `claim` is the number that the claim's token ends with. */
export type Move =
  | { readonly kind: 'retry'; readonly claim: number; readonly delayMs: number; readonly attempts: number }
  | { readonly kind: 'dead'; readonly claim: number; readonly token: string; readonly letter: DeadLetter }
  | { readonly kind: 'park'; readonly claim: number; readonly destination: string }
  | { readonly kind: 'release'; readonly claim: number };

export interface DeadRequest {
  readonly filter: DeadFilter;
  readonly limit: number;
}

/** Dead letters as JSON, each with its key, and their envelopes. */
export interface DeadPage extends Packed {
  readonly keys: readonly string[];
  readonly letters: readonly string[];
}

/** The calls that the thread answers. */
export interface ThreadCalls {
  open(): void;
  publish(envelopes: Packed): Promise<void>;
  reserve(most: Most): Claimed;
  reserveParked(request: Most & { readonly destination: string }): Claimed;
  settle(settlements: { readonly acks: readonly number[]; readonly moves: readonly Move[] }): SettleResult;
  extend(): boolean;
  reclaim(): number;
  stats(): QueueStats;
  listDead(request: DeadRequest): DeadPage;
  replayDead(request: DeadRequest): number;
  discardDead(request: DeadRequest): number;
  disableDestination(request: {
    readonly destination: string;
    readonly by: DisabledBy;
    readonly nowMs: number;
  }): Promise<boolean>;
  enableDestination(request: { readonly destination: string }): Promise<number | null>;
  discardParked(request: { readonly destination: string; readonly limit: number }): number;
  block(request: { readonly destination: string; readonly block: Block }): void;
  unblock(request: { readonly destination: string }): void;
  askProbe(request: { readonly destination: string; readonly forMs: number }): ProbeAnswer;
  takeTokens(request: { readonly wishes: readonly TokenWish[] }): TokenGrant[];
  rateDebtMs(request: { readonly destination: string }): number;
  standings(request: { readonly since: number | null }): Standings;
  /** Answers when there may be work, or after `timeoutMs`. */
  waitForWork(wait: { readonly timeoutMs: number }): Promise<void>;
  /** Answers all calls to waitForWork at once. */
  stopWaiting(): void;
  /** Answers when everything before it is settled and the file is closed; nothing may follow. */
  close(): Promise<void>;
}

export type Method = keyof ThreadCalls;
export type ArgumentOf<M extends Method> = Parameters<ThreadCalls[M]>[0];
export type ResultOf<M extends Method> = Awaited<ReturnType<ThreadCalls[M]>>;

export interface ToThread {
  readonly number: number;
  readonly method: Method;
  readonly argument: unknown;
}

/** A VolleyError as it crosses the thread's border. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
}

export type FromThread =
  | { readonly number: number; readonly method: Method; readonly result: unknown }
  | { readonly number: number; readonly method: Method; readonly fault: Fault };

/** Copies envelopes into one buffer that can be transferred. */
export function pack(envelopes: readonly Uint8Array[]): Packed {
  const lengths = envelopes.map((envelope) => envelope.length);
  const bytes = new ArrayBuffer(lengths.reduce((sum, length) => sum + length, 0));
  const to = new Uint8Array(bytes);
  let at = 0;
  for (const envelope of envelopes) {
    to.set(envelope, at);
    at += envelope.length;
  }
  return { bytes, lengths };
}

/** The envelopes of a packed buffer, as views of it. */
export function unpack({ bytes, lengths }: Packed): Buffer[] {
  let at = 0;
  return lengths.map((length) => {
    const envelope = Buffer.from(bytes, at, length);
    at += length;
    return envelope;
  });
}
