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
 * Claims and settlements are not synced: a killed process loses nothing, and a power failure may bring back
 * deliveries settled in the last moments, which are then sent again.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { idMint } from '../../delivery/ids.ts';
import type { QueueStats, SettleResult } from '../broker.ts';
import { openDatabase } from './database.ts';
import { DeadLetters } from './dead-letters.ts';
import { Destinations } from './destinations.ts';
import { unavailable } from './faults.ts';
import { Leases } from './leases.ts';
import { type Claimed, type Move, type Packed, pack, type ThreadSettings, unpack } from './messages.ts';
import { type Statements, statementsOf } from './statements.ts';

/**
 * A delivery on its way from the file to a worker, in the order of the columns read. Arrays: made twice as fast as objects.
 * `place` finds its row where the seq alone does not: when a retry was due, the destination of what was parked.
 */
type Taken = [seq: number, attempts: number, mintedId: string, envelope: Uint8Array, place?: number | string];

/** What a reserve has gathered: the i-th delivery goes under claim number `firstClaim + i`. */
interface Batch {
  readonly lease: number;
  readonly firstClaim: number;
  readonly taken: Taken[];
  bytes: number;
  readonly maxBytes: number;
}

/** Pages given back to the file system at a time (8 MB), so that nobody waits long for the lock. */
const SHRINK_PAGES = 1_000;
/** Free pages kept for the next publishes (32 MB). */
const SPARE_PAGES = 4_000;

export class Store {
  readonly deadLetters: DeadLetters;
  readonly destinations: Destinations;
  /** The write-ahead log: every commit of any process writes to it. */
  readonly logFile: string;
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #sql: Statements;
  readonly #leases: Leases;
  readonly #logFd: number;
  readonly #mintId = idMint(Date.now, randomBytes);
  #syncFault: unknown = null;

  constructor({ file, queue, leaseMs }: Omit<ThreadSettings, 'lockWaitMs'>) {
    this.#file = file;
    this.#db = openDatabase(file, queue);
    this.#sql = statementsOf(this.#db);
    this.#leases = new Leases(this.#db, leaseMs);
    this.deadLetters = new DeadLetters(this.#db);
    this.destinations = new Destinations(this.#db);
    // Touches the first pages of every table: what is damaged there is found at start.
    this.stats();
    // The log exists for as long as any connection is open. SQLite takes no locks on it that closing this would drop.
    this.logFile = `${this.#db.location() ?? file}-wal`;
    this.#logFd = openSync(this.logFile, 'r+');
  }

  publish(envelopes: Packed): void {
    this.write(() => {
      let seq = this.#position().published;
      for (const envelope of unpack(envelopes))
        this.#sql.insertDelivery.run(++seq, `evt_${this.#mintId()}`, envelope);
      this.#sql.setPublished.run(seq);
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
    if (!this.hasWork()) return claimedOf({ taken: [], firstClaim: 0 });
    return this.write(() => {
      const { taken, claimed } = this.#position();
      const lease = this.#leases.current();
      const batch: Batch = { lease, firstClaim: claimed + 1, taken: [], bytes: 0, maxBytes };
      this.#takeDue(batch, Math.ceil(maxCount / 2));
      this.#takeReturned(batch, maxCount);
      // There may be a million of an enabled destination: they take half of the rest while new ones wait.
      this.#takeResumed(batch, maxCount - Math.floor((maxCount - batch.taken.length) / 2));
      const newest = this.#takeNew(batch, maxCount, taken);
      this.#takeResumed(batch, maxCount);
      this.#takeDue(batch, maxCount);
      this.#sql.setTaken.run(newest, claimed + batch.taken.length);
      return claimedOf(batch);
    });
  }

  #takeDue(batch: Batch, limit: number): void {
    let claim = nextClaim(batch);
    for (const [seq, attempts, , , dueMs] of gather(batch, limit, this.#sql.dueRetries, Date.now())) {
      this.#sql.deleteRetry.run(dueMs!, seq);
      this.#sql.insertClaim.run(claim++, batch.lease, seq, attempts);
    }
  }

  #takeReturned(batch: Batch, limit: number): void {
    let claim = nextClaim(batch);
    for (const [seq, attempts] of gather(batch, limit, this.#sql.returned)) {
      this.#sql.deleteReturned.run(seq);
      this.#sql.insertClaim.run(claim++, batch.lease, seq, attempts);
    }
  }

  /** Takes what was parked for destinations that are enabled again. */
  #takeResumed(batch: Batch, limit: number): void {
    let claim = nextClaim(batch);
    for (const [seq, attempts, , , destination] of gather(batch, limit, this.#sql.resumed)) {
      this.destinations.resumed(destination as string, seq);
      this.#sql.insertClaim.run(claim++, batch.lease, seq, attempts);
    }
  }

  /** Answers the seq of the newest delivery that has now been taken. */
  #takeNew(batch: Batch, limit: number, taken: number): number {
    const firstClaim = nextClaim(batch);
    const newest = taken + gather(batch, limit, this.#sql.newDeliveries, taken).length;
    // Deliveries never taken follow each other without a gap, and so do their claims.
    this.#sql.claimNew.run(firstClaim - (taken + 1), batch.lease, taken, newest);
    return newest;
  }

  settle(acks: readonly number[], moves: readonly Move[]): SettleResult {
    return this.write(() => {
      let settled = 0;
      const enabled = new Set<string>();
      if (acks.length > 0) {
        const claims = JSON.stringify(acks);
        this.#sql.deleteClaimedDeliveries.run(claims);
        settled += Number(this.#sql.deleteClaims.run(claims).changes);
      }
      for (const move of moves) if (this.#applyMove(move, enabled)) settled++;
      const late = acks.length + moves.length - settled;
      return enabled.size === 0 ? { late } : { late, enabled: [...enabled] };
    });
  }

  /** False when it comes too late. Adds to `enabled` a destination that was to be parked for and is not disabled. */
  #applyMove(move: Move, enabled: Set<string>): boolean {
    const held = this.#sql.deleteClaim.get(move.claim) as { seq: number; attempts: number } | undefined;
    if (held === undefined) return false;
    switch (move.kind) {
      case 'retry':
        this.#sql.insertRetry.run(Date.now() + Math.max(0, Math.ceil(move.delayMs)), held.seq, move.attempts);
        return true;
      case 'dead':
        this.deadLetters.add(held.seq, move.token, move.letter);
        this.#sql.deleteDelivery.run(held.seq);
        return true;
      case 'park':
        if (this.destinations.park(move.destination, held.seq, held.attempts)) return true;
        enabled.add(move.destination);
        this.#sql.insertReturned.run(held.seq, held.attempts);
        return true;
      case 'release':
        this.#sql.insertReturned.run(held.seq, held.attempts);
        return true;
    }
  }

  extend(): boolean {
    return this.write(() => this.#leases.renew());
  }

  reclaim(): number {
    this.#shrink();
    if (!this.#leases.anyLapsed()) return 0;
    return this.write(() => this.#leases.reclaim());
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
    this.#sql.begin.run();
    try {
      const result = body();
      this.#sql.commit.run();
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#sql.rollback.run();
      throw error;
    }
  }

  #position(): { published: number; taken: number; claimed: number } {
    return this.#sql.position.get() as { published: number; taken: number; claimed: number };
  }
}

function nextClaim({ firstClaim, taken }: Batch): number {
  return firstClaim + taken.length;
}

/** Reads deliveries into the batch until they end, it has `limit` of them, or its bytes; answers those it read. */
function gather(batch: Batch, limit: number, statement: StatementSync, ...from: number[]): Taken[] {
  const wanted = limit - batch.taken.length;
  const first = batch.taken.length;
  if (wanted <= 0) return [];
  for (const row of statement.iterate(...from, wanted) as Iterable<unknown> as Iterable<Taken>) {
    const bytes = batch.bytes + row[3].length;
    if (bytes > batch.maxBytes && batch.taken.length > 0) break;
    batch.bytes = bytes;
    batch.taken.push(row);
  }
  return batch.taken.slice(first);
}

function claimedOf({ taken, firstClaim }: Pick<Batch, 'taken' | 'firstClaim'>): Claimed {
  return {
    ...pack(taken.map((delivery) => delivery[3])),
    firstClaim,
    mintedIds: taken.map((delivery) => delivery[2]),
    attempts: taken.map((delivery) => delivery[1]),
  };
}
