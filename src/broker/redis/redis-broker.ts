/** The broker port on Redis 6.2 or newer. What is kept where: keys.ts; what moves it: scripts.ts. */
import { once } from 'node:events';
import { VolleyError } from '../../errors.ts';
import type {
  Block,
  Broker,
  BrokerOptions,
  Claim,
  DeadFilter,
  DisabledBy,
  Passing,
  ProbeAnswer,
  QueueStats,
  Settlement,
  SettleResult,
  Standings,
  StoredDeadLetter,
  TokenGrant,
  TokenWish,
} from '../broker.ts';
import { askProbe, block, endPauses, unblock } from './blocks.ts';
import { Claims } from './claims.ts';
import { type Connection, newConnection } from './connection.ts';
import { discardDead, listDead, replayDead } from './dead-letters.ts';
import { disableDestination, discardParked, enableDestination, standings } from './destinations.ts';
import { redisFault, replyCode } from './faults.ts';
import { checkFitness, selectDatabase } from './fitness.ts';
import { type QueueKeys, queueKeys } from './keys.ts';
import { Leases } from './leases.ts';
import { settleOn } from './settle.ts';
import { rateDebtMs, takeTokens } from './tokens.ts';

/** One blocking wait lasts at most this long, in seconds, so that a dead connection is noticed. */
const BLOCK_SECONDS = 5;
/** How long to rest, in milliseconds, when the blocking wait is refused (a full Redis refuses it). */
const REFUSED_WAIT_MS = 100;

export class RedisBroker implements Broker {
  readonly #url: string;
  readonly #keys: QueueKeys;
  readonly #redis: Connection;
  readonly #blocking: Connection;
  readonly #leases: Leases;
  readonly #claims: Claims;
  #opened = false;
  #closed = false;
  /** Why there is no connection, as far as the client has said; null while there is one. */
  #disconnectedBy: unknown = null;
  /** The blocking wait under way, shared by all who wait. */
  #push: Promise<void> | null = null;
  /** Where the next look at some of the blocks goes on. */
  #blocksCursor = '0';
  /** What wakes those who wait for work. */
  readonly #waiting = new Set<() => void>();

  constructor(url: string, options: BrokerOptions) {
    this.#url = url;
    this.#keys = queueKeys(options.queue);
    const keepTrying = () => this.#opened && !this.#closed;
    this.#redis = newConnection({ url, keepTrying, commandTimeoutMs: options.commandTimeoutMs });
    this.#blocking = newConnection({ url, keepTrying });
    this.#leases = new Leases(this.#redis, this.#keys, options.leaseMs, options.mintToken);
    this.#claims = new Claims(this.#redis, this.#keys, this.#leases);
    this.#redis.on('error', (error: unknown) => {
      this.#disconnectedBy = error;
    });
    this.#redis.on('ready', () => {
      this.#disconnectedBy = null;
    });
    // Without a listener the client prints; whoever calls meets the fault as a rejection.
    this.#blocking.on('error', () => {});
  }

  async open(): Promise<readonly string[]> {
    try {
      await this.#redis.connect();
      await selectDatabase(this.#redis, this.#url);
      this.#opened = true;
      return await checkFitness(this.#redis, this.#keys, this.#url);
    } catch (error) {
      await this.close();
      throw this.#faultOf(error);
    }
  }

  publish(envelopes: readonly Buffer[]): Promise<void> {
    return this.#guard(async () => {
      if (envelopes.length > 0) await this.#redis.lpush(this.#keys.ready, ...envelopes);
    });
  }

  reserve(maxCount: number, maxBytes: number, passing?: Passing): Promise<Claim[]> {
    return this.#guard(() => this.#claims.reserve(maxCount, maxBytes, passing));
  }

  reserveParked(destination: string, maxCount: number, maxBytes: number): Promise<Claim[]> {
    return this.#guard(() => this.#claims.reserveParked(destination, maxCount, maxBytes));
  }

  async waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const dueMs = await this.#guard(() => this.#redis.volleyNextDue(this.#keys.delayed));
    if (dueMs === 0 || signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => resolve();
    const timer = setTimeout(wake, dueMs < 0 ? timeoutMs : Math.min(timeoutMs, dueMs));
    signal.addEventListener('abort', wake, { once: true });
    this.#waiting.add(wake);
    this.#push ??= this.#waitForPush();
    await promise;
    this.#waiting.delete(wake);
    clearTimeout(timer);
    signal.removeEventListener('abort', wake);
  }

  /** Wakes those who wait when the list has an element: moving the last one onto its own place changes nothing, and blocks while there is none. */
  async #waitForPush(): Promise<void> {
    const { ready } = this.#keys;
    const answered = new AbortController();
    try {
      const { status } = this.#blocking;
      // While it connects anew nothing is sent on it: that would wait there in a row, each for its time.
      if (status !== 'wait' && status !== 'ready') throw new Error(status);
      // The client forgets what was under way when its connection is lost, and never answers it.
      const lost = once(this.#blocking, 'close', answered).then(() => {
        throw new Error('lost');
      });
      await Promise.race([this.#blocking.blmoveBuffer(ready, ready, 'RIGHT', 'RIGHT', BLOCK_SECONDS), lost]);
    } catch {
      // Whatever is wrong, the next claim meets it and reports it; here it only must not spin.
      if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, REFUSED_WAIT_MS));
    } finally {
      answered.abort();
    }
    this.#push = null;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  settle(settlements: readonly Settlement[]): Promise<SettleResult> {
    return this.#guard(async () => {
      const result = await settleOn(this.#redis, this.#keys, settlements);
      // A retry may be due before what the waiting looked at.
      if (settlements.some(({ kind }) => kind === 'retry')) this.#wake();
      return result;
    });
  }

  extend(): Promise<boolean> {
    return this.#guard(() => this.#leases.renew());
  }

  reclaim(): Promise<number> {
    return this.#guard(async () => {
      const { leases, ready, turns, waiting, served } = this.#keys;
      this.#blocksCursor = await endPauses(this.#redis, this.#keys, this.#blocksCursor);
      let reclaimed = 0;
      for (const id of await this.#redis.smembers(leases))
        reclaimed += await this.#redis.volleyReclaim(
          ...[this.#keys.inFlight(id), ready, turns, waiting, served, this.#keys.heartbeat(id), leases],
          id,
        );
      return reclaimed;
    });
  }

  stats(): Promise<QueueStats> {
    return this.#guard(async () => {
      const { ready, leases, delayed, dead, parked, waiting } = this.#keys;
      const ids = await this.#redis.smembers(leases);
      const counted = [ready, delayed, dead, parked, waiting, ...ids.map((id) => this.#keys.inFlight(id))];
      const counts = await this.#redis.volleyStats(counted.length, ...counted);
      const [claimable = 0, retrying = 0, died = 0, aside = 0, leased = 0] = counts;
      return { ready: claimable, leased, delayed: retrying, parked: aside, dead: died };
    });
  }

  listDead(filter: DeadFilter, limit: number): Promise<StoredDeadLetter[]> {
    return this.#guard(() => listDead(this.#redis, this.#keys, filter, limit));
  }

  replayDead(filter: DeadFilter, limit: number): Promise<number> {
    return this.#guard(() => replayDead(this.#redis, this.#keys, filter, limit));
  }

  discardDead(filter: DeadFilter, limit: number): Promise<number> {
    return this.#guard(() => discardDead(this.#redis, this.#keys, filter, limit));
  }

  disableDestination(destination: string, by: DisabledBy, nowMs: number): Promise<boolean> {
    return this.#guard(() =>
      disableDestination(this.#redis, this.#keys, destination, { by, sinceMs: nowMs }),
    );
  }

  enableDestination(destination: string): Promise<number | null> {
    return this.#guard(() => enableDestination(this.#redis, this.#keys, destination));
  }

  discardParked(destination: string): Promise<number> {
    return this.#guard(() => discardParked(this.#redis, this.#keys, destination));
  }

  block(destination: string, wish: Block): Promise<void> {
    return this.#guard(() => block(this.#redis, this.#keys, destination, wish));
  }

  unblock(destination: string): Promise<void> {
    return this.#guard(() => unblock(this.#redis, this.#keys, destination));
  }

  askProbe(destination: string, forMs: number): Promise<ProbeAnswer> {
    return this.#guard(() => askProbe(this.#redis, this.#keys, destination, forMs));
  }

  takeTokens(wishes: readonly TokenWish[]): Promise<TokenGrant[]> {
    return this.#guard(() => takeTokens(this.#redis, this.#keys, wishes));
  }

  rateDebtMs(destination: string): Promise<number> {
    return this.#guard(() => rateDebtMs(this.#redis, this.#keys, destination));
  }

  get standingsVersion(): number {
    return this.#claims.standingsVersion;
  }

  standings(since: number | null): Promise<Standings> {
    return this.#guard(() => standings(this.#redis, this.#keys, since));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    if (this.#opened && this.#redis.status === 'ready') await this.#leases.end().catch(() => {});
    this.#closed = true;
    this.#blocking.disconnect();
    this.#redis.disconnect();
  }

  /** Runs a call and turns what it rejects with into Volley's errors. */
  async #guard<Result>(call: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new VolleyError('VOLLEY_CLOSED', 'the broker has been closed');
    try {
      return await call();
    } catch (error) {
      throw this.#faultOf(error);
    }
  }

  /** Where Redis is away, a call learns only that it was not answered: the client has said why. */
  #faultOf(error: unknown): VolleyError {
    const isAnswer = error instanceof VolleyError || replyCode(error) !== null;
    return redisFault(isAnswer ? error : (this.#disconnectedBy ?? error), this.#url);
  }
}
