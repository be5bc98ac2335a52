/**
 * The turns of deliveries with an ordering key. Those of one key for one destination are a sequence; its lowest seq has
 * the turn, from publishing to its end, wherever it is: ready, leased, delayed, parked. The others are new, or aside where
 * the taking of new ones has come past them; whatever ends a delivery lets the next one of its sequence come.
 * Writes run inside a transaction of the caller's.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/**
 * What every envelope with an ordering key holds: the others are not looked at any further. Without the first quote it
 * is found three times as fast, as JSON has few letters o and many quotes.
 */
const MARK = Buffer.from('orderingKey"');
/** Between the two parts of a sequence's name; no destination or URL holds it. */
const SEPARATOR = '\n';
/** A URL up to its path. */
const RECEIVER = /^[a-zA-Z]+:\/\/[^/?#\\]*/;
/** Holds of a row `own` of `ordered` whose turn it is not. */
export const WAITS = 'EXISTS (SELECT 1 FROM ordered WHERE sequence = own.sequence AND seq < own.seq)';

export class Ordering {
  readonly #insert: StatementSync;
  readonly #any: StatementSync;
  readonly #anyNew: StatementSync;
  readonly #setAside: StatementSync;
  readonly #deleteClaimed: StatementSync;
  readonly #delete: StatementSync;
  readonly #next: StatementSync;
  readonly #bringBack: StatementSync;
  readonly #makeReady: StatementSync;
  readonly #behind: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare('INSERT INTO ordered (seq, sequence) VALUES (?, ?)');
    this.#any = db.prepare('SELECT 1 FROM ordered LIMIT 1');
    this.#anyNew = db.prepare('SELECT 1 FROM ordered WHERE seq > ? LIMIT 1');
    this.#setAside = db.prepare(`
      INSERT INTO aside (seq) SELECT seq FROM ordered AS own WHERE seq > ? AND seq <= ? AND ${WAITS}`);
    this.#deleteClaimed = db.prepare(`
      DELETE FROM ordered
      WHERE seq IN (SELECT seq FROM claims WHERE claim IN (SELECT value FROM json_each(?))) RETURNING sequence`);
    this.#delete = db.prepare('DELETE FROM ordered WHERE seq = ? RETURNING sequence');
    this.#next = db.prepare('SELECT min(seq) AS seq FROM ordered WHERE sequence = ?');
    this.#bringBack = db.prepare('DELETE FROM aside WHERE seq = ?');
    this.#behind = db.prepare(`
      SELECT aside.seq FROM ordered AS own CROSS JOIN ordered AS other USING (sequence)
      CROSS JOIN aside ON aside.seq = other.seq WHERE own.seq = ? LIMIT ?`);
    this.#makeReady = db.prepare('INSERT INTO returned (seq, attempts) VALUES (?, 0)');
  }

  /** Puts a new delivery into its sequence, if its envelope names one. */
  add(seq: number, envelope: Buffer): void {
    const sequence = sequenceOf(envelope);
    if (sequence !== null) this.#insert.run(seq, sequence);
  }

  /** Whether any delivery above this seq has a sequence. */
  anyAbove(seq: number): boolean {
    return this.#anyNew.get(seq) !== undefined;
  }

  /** Puts aside those above `taken`, up to and with `reached`, whose turn it is not. */
  setAside(taken: number, reached: number): void {
    this.#setAside.run(taken, reached);
  }

  /** Takes up to `most` of what has been put aside behind a delivery; the caller ends them. */
  takeBehind(seq: number, most: number): number[] {
    const behind = this.#behind.all(seq, most).map((row) => row['seq'] as number);
    for (const each of behind) this.#bringBack.run(each);
    return behind;
  }

  /** Those held under these claims, a JSON array, come to their end. */
  endClaimed(claims: string): void {
    if (this.#any.get() === undefined) return;
    for (const row of this.#deleteClaimed.all(claims)) this.#letNextCome(row['sequence'] as string);
  }

  /** A delivery comes to its end. */
  end(seq: number): void {
    const row = this.#delete.get(seq);
    if (row !== undefined) this.#letNextCome(row['sequence'] as string);
  }

  /** What is new is taken in its turn by itself; what has been put aside is made ready. */
  #letNextCome(sequence: string): void {
    const { seq } = this.#next.get(sequence) as { seq: number | null };
    if (seq !== null && this.#bringBack.run(seq).changes !== 0) this.#makeReady.run(seq);
  }
}

/**
 * The name of an envelope's sequence; null when it has none. Reads no more than it must: an envelope that is invalid in some
 * other way may get one, and passes its turn on when it dies of that.
 */
export function sequenceOf(envelope: Buffer): string | null {
  if (!envelope.includes(MARK)) return null;
  let members: unknown;
  try {
    members = JSON.parse(envelope.toString());
  } catch {
    return null;
  }
  const { orderingKey, destination, url } = Object(members) as Record<string, unknown>;
  if (typeof orderingKey !== 'string' || orderingKey === '') return null;
  const receiver = destination ?? (typeof url === 'string' ? (RECEIVER.exec(url)?.[0] ?? url) : null);
  return typeof receiver === 'string' ? receiver + SEPARATOR + orderingKey : null;
}
