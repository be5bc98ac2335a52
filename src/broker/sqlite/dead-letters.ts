/** The dead letters of a queue in a SQLite file. Writes run inside a transaction of the caller's. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DeadLetter } from '../../delivery/outcome.ts';
import type { DeadFilter } from '../broker.ts';
import { type DeadPage, pack } from './messages.ts';
import type { Ordering } from './ordering.ts';

export class DeadLetters {
  readonly #db: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #ordering: Ordering;
  readonly #requeue: StatementSync;
  readonly #step: StatementSync;
  readonly #delete: StatementSync;

  constructor(db: DatabaseSync, ordering: Ordering) {
    this.#db = db;
    this.#ordering = ordering;
    this.#insert = db.prepare(`
      INSERT INTO dead (key, id, destination, reason, died_at_ms, letter, envelope)
      SELECT iif(EXISTS (SELECT 1 FROM dead WHERE key = ?1), ?1 || '#' || ?2, ?1), ?1, ?3, ?4, ?5, ?6, envelope
      FROM deliveries WHERE seq = ?7`);
    this.#requeue = db.prepare(`
      INSERT INTO deliveries (seq, minted_id, envelope)
      SELECT newest + 1, id, envelope FROM queue, dead WHERE number = ? RETURNING seq, envelope`);
    this.#step = db.prepare('UPDATE queue SET newest = newest + 1');
    this.#delete = db.prepare('DELETE FROM dead WHERE number = ?');
  }

  /** Keeps a copy of the delivery `seq` as a dead letter. */
  add(seq: number, token: string, letter: DeadLetter): void {
    const { id, destination, reason, diedAtMs } = letter;
    this.#insert.run(id, token, destination, reason, diedAtMs, JSON.stringify(letter), seq);
  }

  list(filter: DeadFilter, limit: number): DeadPage {
    const { where, values } = conditions(filter);
    const rows = this.#db
      .prepare(`SELECT key, letter, envelope FROM dead ${where} ORDER BY died_at_ms, number LIMIT ?`)
      .all(...values, limit) as { key: string; letter: string; envelope: Uint8Array }[];
    return {
      ...pack(rows.map(({ envelope }) => envelope)),
      keys: rows.map(({ key }) => key),
      letters: rows.map(({ letter }) => letter),
    };
  }

  replay(filter: DeadFilter, limit: number): number {
    const numbers = this.#matching(filter, limit);
    for (const number of numbers) {
      const { seq, envelope } = this.#requeue.get(number) as { seq: number; envelope: Uint8Array };
      this.#step.run();
      this.#ordering.add(seq, Buffer.from(envelope.buffer, envelope.byteOffset, envelope.length));
      this.#delete.run(number);
    }
    return numbers.length;
  }

  discard(filter: DeadFilter, limit: number): number {
    const numbers = this.#matching(filter, limit);
    for (const number of numbers) this.#delete.run(number);
    return numbers.length;
  }

  /** The matching dead letters by number, oldest first. */
  #matching(filter: DeadFilter, limit: number): number[] {
    const { where, values } = conditions(filter);
    const rows = this.#db
      .prepare(`SELECT number FROM dead ${where} ORDER BY died_at_ms, number LIMIT ?`)
      .all(...values, limit);
    return rows.map((row) => row.number as number);
  }
}

/** The WHERE clause of a filter, and its values. Each field has an index that also keeps the order of dying. */
function conditions(filter: DeadFilter): { where: string; values: (string | number)[] } {
  const terms: string[] = [];
  const values: (string | number)[] = [];
  const add = (term: string, value: string | number | undefined) => {
    if (value === undefined) return;
    terms.push(term);
    values.push(value);
  };
  add('key IN (SELECT value FROM json_each(?))', filter.ids && JSON.stringify(filter.ids));
  add('destination = ?', filter.destination);
  add('reason = ?', filter.reason);
  add('died_at_ms >= ?', filter.sinceMs);
  add('died_at_ms < ?', filter.untilMs);
  return { where: terms.length === 0 ? '' : `WHERE ${terms.join(' AND ')}`, values };
}
