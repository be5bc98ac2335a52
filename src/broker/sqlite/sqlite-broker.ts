/**
 * The broker port on a SQLite file, for one machine: any number of its processes may share the file. What is kept and
 * how safely: store.ts. The database lives in a thread of the adapter's own, so no call blocks the caller's.
 */
import { resolve } from 'node:path';
import type { DeadLetter } from '../../delivery/outcome.ts';
import { VolleyError } from '../../errors.ts';
import type {
  Block,
  Broker,
  BrokerOptions,
  Claim,
  DeadFilter,
  DisabledBy,
  ProbeAnswer,
  QueueStats,
  Settlement,
  SettleResult,
  Standings,
  StoredDeadLetter,
  TokenGrant,
  TokenWish,
} from '../broker.ts';
import { unfit } from './faults.ts';
import { type Claimed, type Method, type Move, pack, unpack } from './messages.ts';
import { ThreadClient } from './thread-client.ts';

/** A token ends with the number of its claim, in this many digits of base 36: room for 3 × 10^15 claims. */
const CLAIM_DIGITS = 10;
/** Dead letters or parked deliveries moved or deleted in one transaction, so that others wait for the lock a few milliseconds at most. */
const STEP = 500;

export class SqliteBroker implements Broker {
  readonly #file: string;
  readonly #options: BrokerOptions;
  readonly #tokenBase: string;
  #thread: ThreadClient | null = null;
  #closing: Promise<void> | null = null;
  #standingsVersion = 0;

  constructor(file: string, options: BrokerOptions) {
    this.#file = file;
    this.#options = options;
    this.#tokenBase = options.mintToken();
  }

  async open(): Promise<readonly string[]> {
    if (this.#closing !== null) throw closed();
    if (this.#file === '' || this.#file === ':memory:')
      throw unfit(
        `sqlite:${this.#file} names no file, and a queue in memory would lose what it accepts: write sqlite:FILE`,
      );
    const { queue, leaseMs, commandTimeoutMs } = this.#options;
    this.#thread = new ThreadClient({
      settings: { file: resolve(this.#file), queue, leaseMs, lockWaitMs: commandTimeoutMs },
      callTimeoutMs: commandTimeoutMs,
      onOrphan: (method, result) => this.#handBack(method, result),
    });
    try {
      await this.#thread.call('open', undefined);
      return [];
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async publish(envelopes: readonly Buffer[]): Promise<void> {
    const thread = this.#opened();
    if (envelopes.length === 0) return;
    const packed = pack(envelopes);
    await thread.call('publish', packed, [packed.bytes]);
  }

  async reserve(maxCount: number, maxBytes: number): Promise<Claim[]> {
    return this.#claimsOf(await this.#opened().call('reserve', { count: maxCount, bytes: maxBytes }));
  }

  async reserveParked(destination: string, maxCount: number, maxBytes: number): Promise<Claim[]> {
    const request = { destination, count: maxCount, bytes: maxBytes };
    return this.#claimsOf(await this.#opened().call('reserveParked', request));
  }

  get standingsVersion(): number {
    return this.#standingsVersion;
  }

  #claimsOf(claimed: Claimed): Claim[] {
    this.#standingsVersion = claimed.standings;
    return unpack(claimed).map((envelope, i) => ({
      token: this.#tokenOf(claimed.firstClaim + i),
      mintedId: claimed.mintedIds[i]!,
      attempts: claimed.attempts[i]!,
      envelope,
    }));
  }

  #tokenOf(claim: number): string {
    return this.#tokenBase + claim.toString(36).toUpperCase().padStart(CLAIM_DIGITS, '0');
  }

  /** A claim that was made after its caller had given up on it is known to nobody: what it took is ready again. */
  #handBack(method: Method, result: unknown): void {
    if (method !== 'reserve' && method !== 'reserveParked') return;
    const { firstClaim, lengths } = result as Claimed;
    const moves = lengths.map((_, i): Move => ({ kind: 'release', claim: firstClaim + i }));
    // Where this fails too, the lease ends in time.
    if (moves.length > 0) this.#thread?.call('settle', { acks: [], moves }).catch(() => {});
  }

  async waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const thread = this.#opened();
    if (signal.aborted) return;
    const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
    const onAbort = () => {
      abort();
      thread.call('stopWaiting', undefined).catch(() => {});
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([thread.call('waitForWork', { timeoutMs }), aborted]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async settle(settlements: readonly Settlement[]): Promise<SettleResult> {
    const thread = this.#opened();
    const acks: number[] = [];
    const moves: Move[] = [];
    for (const settlement of settlements) {
      if (settlement.kind === 'ack') acks.push(claimOf(settlement.claim));
      else moves.push(moveOf(settlement));
    }
    return thread.call('settle', { acks, moves });
  }

  async extend(): Promise<boolean> {
    return this.#opened().call('extend', undefined);
  }

  async reclaim(): Promise<number> {
    return this.#opened().call('reclaim', undefined);
  }

  async stats(): Promise<QueueStats> {
    return this.#opened().call('stats', undefined);
  }

  async listDead(filter: DeadFilter, limit: number): Promise<StoredDeadLetter[]> {
    const page = await this.#opened().call('listDead', { filter, limit });
    return unpack(page).map((envelope, i) => ({
      ...(JSON.parse(page.letters[i]!) as DeadLetter),
      key: page.keys[i]!,
      envelope,
    }));
  }

  replayDead(filter: DeadFilter, limit: number): Promise<number> {
    return inSteps(limit, (step) => this.#opened().call('replayDead', { filter, limit: step }));
  }

  discardDead(filter: DeadFilter, limit: number): Promise<number> {
    return inSteps(limit, (step) => this.#opened().call('discardDead', { filter, limit: step }));
  }

  discardParked(destination: string): Promise<number> {
    return inSteps(Number.POSITIVE_INFINITY, (step) =>
      this.#opened().call('discardParked', { destination, limit: step }),
    );
  }

  async disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean> {
    return this.#opened().call('disableDestination', { destination, by, nowMs });
  }

  async enableDestination(destination: string): Promise<number | null> {
    return this.#opened().call('enableDestination', { destination });
  }

  async block(destination: string, block: Block): Promise<void> {
    return this.#opened().call('block', { destination, block });
  }

  async unblock(destination: string): Promise<void> {
    return this.#opened().call('unblock', { destination });
  }

  async askProbe(destination: string, forMs: number): Promise<ProbeAnswer> {
    return this.#opened().call('askProbe', { destination, forMs });
  }

  async takeTokens(wishes: readonly TokenWish[]): Promise<TokenGrant[]> {
    const thread = this.#opened();
    return wishes.length === 0 ? [] : thread.call('takeTokens', { wishes });
  }

  async rateDebtMs(destination: string): Promise<number> {
    return this.#opened().call('rateDebtMs', { destination });
  }

  async standings(since: number | null): Promise<Standings> {
    return this.#opened().call('standings', { since });
  }

  close(): Promise<void> {
    this.#closing ??= this.#thread?.close() ?? Promise.resolve();
    return this.#closing;
  }

  #opened(): ThreadClient {
    if (this.#closing !== null) throw closed();
    if (this.#thread === null) throw new VolleyError('VOLLEY_CLOSED', 'the broker has not been opened');
    return this.#thread;
  }
}

/** Calls `act` with what is left to do, a step at a time, until it finds no more; answers how many it did in all. */
async function inSteps(limit: number, act: (limit: number) => Promise<number>): Promise<number> {
  let done = 0;
  for (;;) {
    const step = Math.min(STEP, limit - done);
    const count = await act(step);
    done += count;
    if (count < step || done === limit) return done;
  }
}

function claimOf(claim: Claim): number {
  return Number.parseInt(claim.token.slice(-CLAIM_DIGITS), 36);
}

function moveOf(settlement: Exclude<Settlement, { kind: 'ack' }>): Move {
  const claim = claimOf(settlement.claim);
  switch (settlement.kind) {
    case 'retry':
      return { kind: 'retry', claim, delayMs: settlement.delayMs, attempts: settlement.attempts };
    case 'dead':
      return { kind: 'dead', claim, token: settlement.claim.token, letter: settlement.letter };
    case 'release':
      return { kind: 'release', claim };
    case 'park':
      return { kind: 'park', claim, destination: settlement.destination };
  }
}

function closed(): VolleyError {
  return new VolleyError('VOLLEY_CLOSED', 'the broker has been closed');
}
