/**
 * The live deliveries of a queue in a SQLite file; the tables are drawn in database.ts. Synchronous: runs on the
 * adapter's thread. A method that finds the file locked by another connection throws, having done nothing.
 *
 * What is durable when. Commits go to the write-ahead log without fsync, so that the write lock, which all processes on
 * the file share, is held for about a millisecond per batch. `sync()` then forces the log to disk, outside of the lock and once for
 * all publishes since the last time; a publish resolves only after it, as does a call that disables or enables a
 * destination. That is what `synchronous = FULL` gives, power failure included: the log is recovered up to its last
 * whole commit, SQLite itself syncs the log before moving it to the file, and the file before starting the log anew
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 * Claims, settlements, blocks and what was granted under a rate limit are not synced: a killed process loses nothing, and a power
 * failure may bring back deliveries settled in the last moments, which are then sent again, and forget the last blocks.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { idMint } from '../../delivery/ids.ts';
import type { QueueStats, SettleResult, Standings } from '../broker.ts';
import { openDatabase } from './database.ts';
import { DeadLetters } from './dead-letters.ts';
import { Destinations, type Held } from './destinations.ts';
import { unavailable } from './faults.ts';
import { Leases } from './leases.ts';
import { type Claimed, type Move, type Packed, type ThreadSettings, unpack } from './messages.ts';
import { Ordering } from './ordering.ts';
import { Rates } from './rates.ts';
import { type Statements, statementsOf } from './statements.ts';
import { nothingClaimed, type Position, Taking } from './taking.ts';

/** Pages given back to the file system at a time (8 MB), so that nobody waits long for the lock. */
const SHRINK_PAGES = 1_000;
/** Free pages kept for the next publishes (32 MB). */
const SPARE_PAGES = 4_000;

export class Store {
  readonly deadLetters: DeadLetters;
  readonly destinations: Destinations;
  readonly rates: Rates;
  /** The write-ahead log: every commit of any process writes to it. */
  readonly logFile: string;
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #leases: Leases;
  readonly #ordering: Ordering;
  readonly #taking: Taking;
  readonly #logFd: number;
  readonly #mintId = idMint(Date.now, randomBytes);
  #syncFault: unknown = null;
  /** The version of the standings that the last claim brought along. */
  #standingsTold = 0;

  constructor({ file, queue, leaseMs }: Omit<ThreadSettings, 'lockWaitMs'>) {
    this.#file = file;
    this.#db = openDatabase(file, queue);
    this.#sql = statementsOf(this.#db);
    this.#leases = new Leases(this.#db, leaseMs);
    this.#ordering = new Ordering(this.#db);
    this.deadLetters = new DeadLetters(this.#db, this.#ordering);
    this.destinations = new Destinations(this.#db);
    this.rates = new Rates(this.#db);
    this.#taking = new Taking(this.#sql, this.#leases, this.destinations, this.#ordering);
    // Touches the first pages of every table: what is damaged there is found at start.
    this.stats();
    // The log exists for as long as any connection is open. SQLite takes no locks on it that closing this would drop.
    this.logFile = `${this.#db.location() ?? file}-wal`;
    this.#logFd = openSync(this.logFile, 'r+');
  }

  publish(envelopes: Packed): void {
    this.write(() => {
      let seq = this.#position().newest;
      for (const envelope of unpack(envelopes)) {
        this.#sql.insertDelivery.run(++seq, `evt_${this.#mintId()}`, envelope);
        this.#ordering.add(seq, envelope);
      }
      this.#sql.setNewest.run(seq);
    });
  }

  /**
   * Forces to disk what has been committed so far. Once that has failed it fails for ever: the kernel has then
   * dropped pages that it calls clean, and a later success would say nothing about them.
   */
  sync(): void {
    try {
      if (this.#syncFault === null) fdatasyncSync(this.#logFd);
    } catch (error) {
      this.#syncFault = error;
    }
    if (this.#syncFault !== null)
      throw unavailable(
        `${this.#file} cannot be synced to its disk (${(this.#syncFault as Error).message}): check the disk, then start again`,
        this.#syncFault,
      );
  }

  reserve(maxCount: number, maxBytes: number): Claimed {
    const claimed = this.hasWork()
      ? this.write(() => this.#taking.reserve(this.#position(), maxCount, maxBytes))
      : nothingClaimed(this.#position());
    this.#standingsTold = claimed.standings;
    return claimed;
  }

  reserveParked(destination: string, maxCount: number, maxBytes: number): Claimed {
    if (!this.destinations.isDrainable(destination)) return nothingClaimed(this.#position());
    return this.write(() => this.#taking.reserveParked(this.#position(), destination, maxCount, maxBytes));
  }

  settle(acks: readonly number[], moves: readonly Move[]): SettleResult {
    return this.write(() => {
      let settled = 0;
      if (acks.length > 0) {
        const claims = JSON.stringify(acks);
        this.#ordering.endClaimed(claims);
        this.#sql.deleteClaimedDeliveries.run(claims);
        settled += Number(this.#sql.deleteClaims.run(claims).changes);
      }
      const parked = new Map<string, Held[]>();
      for (const move of moves) if (this.#applyMove(move, parked)) settled++;
      for (const [destination, deliveries] of parked) this.destinations.park(destination, deliveries);
      return { late: acks.length + moves.length - settled };
    });
  }

  /** False when it comes too late. Adds to `parked` what is to be parked, by destination. */
  #applyMove(move: Move, parked: Map<string, Held[]>): boolean {
    const held = this.#sql.deleteClaim.get(move.claim) as Held | undefined;
    if (held === undefined) return false;
    switch (move.kind) {
      case 'retry':
        this.#sql.insertRetry.run(Date.now() + Math.max(0, Math.ceil(move.delayMs)), held.seq, move.attempts);
        return true;
      case 'dead':
        this.deadLetters.add(held.seq, move.token, move.letter);
        this.#end(held.seq);
        return true;
      case 'park': {
        const deliveries = parked.get(move.destination);
        if (deliveries === undefined) parked.set(move.destination, [held]);
        else deliveries.push(held);
        return true;
      }
      case 'release':
        this.#sql.insertReturned.run(held.seq, held.attempts);
        return true;
    }
  }

  /** Deletes up to `limit` of what is parked for a destination, each after what is aside behind it; answers how many. */
  discardParked(destination: string, limit: number): number {
    return this.write(() => {
      let discarded = 0;
      for (const row of this.#sql.parked.all(destination, limit)) {
        const { seq, place } = row as { seq: number; place: number };
        const behind = this.#ordering.takeBehind(seq, limit - discarded);
        for (const other of behind) this.#end(other);
        discarded += behind.length;
        if (discarded === limit) break;
        this.#end(seq);
        this.destinations.unpark(destination, place);
        discarded++;
      }
      return discarded;
    });
  }

  /** Forgets a delivery, whose turn passes to the next of its sequence. */
  #end(seq: number): void {
    this.#sql.deleteDelivery.run(seq);
    this.#ordering.end(seq);
  }

  standings(since: number | null): Standings {
    return this.#transact(this.#sql.beginRead, () => this.destinations.standings(since));
  }

  extend(): boolean {
    return this.write(() => this.#leases.renew());
  }

  reclaim(): number {
    this.#shrink();
    if (this.destinations.overPauses().length > 0) this.write(() => this.#endPauses());
    if (this.rates.anyAtRest()) this.write(() => this.rates.forget());
    if (!this.#leases.anyLapsed()) return 0;
    return this.write(() => this.#leases.reclaim());
  }

  /** Looked for once more, as another process may have paused one of them anew. */
  #endPauses(): void {
    for (const destination of this.destinations.overPauses()) this.destinations.unblock(destination);
  }

  /** Gives free pages back to the file system, some at each call, where there are many more than will soon be used. */
  #shrink(): void {
    const { freelist_count: free } = this.#sql.freePages.get() as { freelist_count: number };
    if (free > SPARE_PAGES)
      this.#db.exec(`PRAGMA incremental_vacuum(${Math.min(SHRINK_PAGES, free - SPARE_PAGES)})`);
  }

  stats(): QueueStats {
    return { ...(this.#sql.stats.get() as unknown as QueueStats) };
  }

  hasWork(): boolean {
    const dueMs = this.nextDueMs();
    return (dueMs !== null && dueMs <= Date.now()) || this.#sql.anyReady.get() !== undefined;
  }

  /** Whether the standings have changed since the last claim: something that is parked may be claimable by that. */
  hasNews(): boolean {
    return this.#position().standings !== this.#standingsTold;
  }

  /** When the next retry is due, in epoch milliseconds; null when nothing is delayed. */
  nextDueMs(): number | null {
    return (this.#sql.nextDue.get() as { due_ms: number } | undefined)?.due_ms ?? null;
  }

  /** A number that differs from the last one when another connection has written since. */
  foreignVersion(): number {
    return (this.#sql.dataVersion.get() as { data_version: number }).data_version;
  }

  close(): void {
    closeSync(this.#logFd);
    this.#db.close();
  }

  /** Runs `body` in one transaction that holds the write lock from its start. */
  write<Result>(body: () => Result): Result {
    return this.#transact(this.#sql.beginWrite, body);
  }

  #transact<Result>(begin: StatementSync, body: () => Result): Result {
    begin.run();
    try {
      const result = body();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#sql.rollback.run();
      throw error;
    }
  }

  #position(): Position {
    return this.#sql.position.get() as unknown as Position;
  }
}
