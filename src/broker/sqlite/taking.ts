/** The claiming of deliveries in a SQLite file. Runs inside a transaction of the caller's. */
import type { StatementSync } from 'node:sqlite';
import type { Destinations } from './destinations.ts';
import type { Leases } from './leases.ts';
import { type Claimed, pack } from './messages.ts';
import type { Ordering } from './ordering.ts';
import type { Statements } from './statements.ts';

/**
 * A delivery on its way from the file to a worker, in the order of the columns read. Arrays: made twice as fast as objects.
 * `place` finds its row where the seq alone does not: when a retry was due, the place of what was parked.
 */
type Taken = [seq: number, attempts: number, mintedId: string, envelope: Uint8Array, place?: number];

/** What a claim has gathered: the i-th delivery goes under claim number `firstClaim + i`. */
interface Batch {
  readonly lease: number;
  readonly firstClaim: number;
  readonly taken: Taken[];
  bytes: number;
  readonly maxBytes: number;
  /** Whether the last gathering ended because the batch was full. */
  isFull: boolean;
}

/** Where the queue is: its columns in the table of that name. */
export interface Position {
  readonly newest: number;
  readonly taken: number;
  readonly claimed: number;
  readonly standings: number;
}

/** New deliveries that one claim may come past while it looks for those whose turn it is; bounds how long others wait for the lock. */
const PASSED_AT_ONCE = 5_000;

export class Taking {
  readonly #sql: Statements;
  readonly #leases: Leases;
  readonly #destinations: Destinations;
  readonly #ordering: Ordering;

  constructor(sql: Statements, leases: Leases, destinations: Destinations, ordering: Ordering) {
    this.#sql = sql;
    this.#leases = leases;
    this.#destinations = destinations;
    this.#ordering = ordering;
  }

  reserve(position: Position, maxCount: number, maxBytes: number): Claimed {
    const batch = this.#newBatch(position, maxBytes);
    this.#takeDue(batch, Math.ceil(maxCount / 2));
    this.#takeReturned(batch, maxCount);
    const newestTaken = this.#takeNew(batch, maxCount, position);
    this.#takeDue(batch, maxCount);
    if (newestTaken !== position.taken) this.#sql.setTaken.run(newestTaken);
    return this.#claimed(batch, position);
  }

  reserveParked(position: Position, destination: string, maxCount: number, maxBytes: number): Claimed {
    const batch = this.#newBatch(position, maxBytes);
    const parked = gather(batch, maxCount, this.#sql.drainable, destination);
    this.#claim(batch, parked);
    if (parked.length > 0) this.#destinations.unpark(destination, parked.at(-1)![4]!);
    return this.#claimed(batch, position);
  }

  #takeDue(batch: Batch, limit: number): void {
    const due = gather(batch, limit, this.#sql.dueRetries, Date.now());
    for (const [seq, , , , dueMs] of due) this.#sql.deleteRetry.run(dueMs!, seq);
    this.#claim(batch, due);
  }

  #takeReturned(batch: Batch, limit: number): void {
    const returned = gather(batch, limit, this.#sql.returned);
    for (const [seq] of returned) this.#sql.deleteReturned.run(seq);
    this.#claim(batch, returned);
  }

  /** Answers the seq of the newest delivery that has now been taken or come past. */
  #takeNew(batch: Batch, limit: number, { newest, taken }: Position): number {
    if (this.#ordering.anyAbove(taken))
      return this.#takeInTurn(batch, limit, taken, Math.min(newest, taken + PASSED_AT_ONCE));
    const firstClaim = batch.firstClaim + batch.taken.length;
    const reached = taken + gather(batch, limit, this.#sql.newDeliveries, taken).length;
    // Deliveries never taken follow each other without a gap, and so do their claims.
    this.#sql.claimNew.run(firstClaim - (taken + 1), batch.lease, taken, reached);
    return reached;
  }

  /** Takes new deliveries up to the seq `last`, and puts aside those whose turn it is not. */
  #takeInTurn(batch: Batch, limit: number, taken: number, last: number): number {
    const inTurn = gather(batch, limit, this.#sql.newInTurn, taken, last);
    this.#claim(batch, inTurn);
    const reached = batch.isFull ? (inTurn.at(-1)?.[0] ?? taken) : last;
    this.#ordering.setAside(taken, reached);
    return reached;
  }

  /** Claims what was gathered last. */
  #claim(batch: Batch, gathered: readonly Taken[]): void {
    let claim = batch.firstClaim + batch.taken.length - gathered.length;
    for (const [seq, attempts] of gathered) this.#sql.insertClaim.run(claim++, batch.lease, seq, attempts);
  }

  #newBatch({ claimed }: Position, maxBytes: number): Batch {
    const lease = this.#leases.current();
    return { lease, firstClaim: claimed + 1, taken: [], bytes: 0, maxBytes, isFull: false };
  }

  #claimed({ taken, firstClaim }: Batch, { claimed, standings }: Position): Claimed {
    this.#sql.setClaimed.run(claimed + taken.length);
    return {
      ...pack(taken.map((delivery) => delivery[3])),
      firstClaim,
      mintedIds: taken.map((delivery) => delivery[2]),
      attempts: taken.map((delivery) => delivery[1]),
      standings,
    };
  }
}

/** Reads deliveries into the batch until they end, it has `limit` of them, or its bytes; answers those it read. */
function gather(
  batch: Batch,
  limit: number,
  statement: StatementSync,
  ...values: (number | string)[]
): Taken[] {
  const first = batch.taken.length;
  const wanted = limit - first;
  batch.isFull = wanted <= 0;
  if (batch.isFull) return [];
  for (const row of statement.iterate(...values, wanted) as Iterable<unknown> as Iterable<Taken>) {
    const bytes = batch.bytes + row[3].length;
    if (bytes > batch.maxBytes && batch.taken.length > 0) {
      batch.isFull = true;
      break;
    }
    batch.bytes = bytes;
    batch.taken.push(row);
  }
  batch.isFull ||= batch.taken.length === limit;
  return batch.taken.slice(first);
}

/** What a claim answers that took nothing. */
export function nothingClaimed({ standings }: Position): Claimed {
  return { ...pack([]), firstClaim: 0, mintedIds: [], attempts: [], standings };
}
