/** Disabled destinations in a SQLite file, and what is parked for them. Writes run inside a transaction of the caller's. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { DisabledBy, DisabledDestination } from '../broker.ts';

export class Destinations {
  readonly #countParked: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #countResumed: StatementSync;
  readonly #forget: StatementSync;
  readonly #disable: StatementSync;
  readonly #enable: StatementSync;
  readonly #list: StatementSync;

  constructor(db: DatabaseSync) {
    this.#countParked = db.prepare(
      'UPDATE destinations SET parked = parked + 1 WHERE destination = ? AND disabled_by IS NOT NULL',
    );
    this.#insert = db.prepare('INSERT INTO parked (destination, seq, attempts) VALUES (?, ?, ?)');
    this.#delete = db.prepare('DELETE FROM parked WHERE destination = ? AND seq = ?');
    this.#countResumed = db.prepare('UPDATE destinations SET parked = parked - 1 WHERE destination = ?');
    this.#forget = db.prepare(
      'DELETE FROM destinations WHERE destination = ? AND disabled_by IS NULL AND parked = 0',
    );
    this.#disable = db.prepare(`
      INSERT INTO destinations (destination, disabled_by, since_ms, parked) VALUES (?, ?, ?, 0)
      ON CONFLICT (destination) DO UPDATE SET disabled_by = excluded.disabled_by, since_ms = excluded.since_ms
      WHERE disabled_by IS NULL`);
    this.#enable = db.prepare(`
      UPDATE destinations SET disabled_by = NULL, since_ms = NULL
      WHERE destination = ? AND disabled_by IS NOT NULL RETURNING parked`);
    this.#list = db.prepare(`
      SELECT destination, disabled_by AS "by", since_ms AS sinceMs, parked FROM destinations
      WHERE disabled_by IS NOT NULL ORDER BY destination`);
  }

  /** Parks a delivery. False, with nothing done, when its destination is not disabled. */
  park(destination: string, seq: number, attempts: number): boolean {
    if (this.#countParked.run(destination).changes === 0) return false;
    this.#insert.run(destination, seq, attempts);
    return true;
  }

  /** A delivery that was parked has been claimed. */
  resumed(destination: string, seq: number): void {
    this.#delete.run(destination, seq);
    this.#countResumed.run(destination);
    this.#forget.run(destination);
  }

  /** False when it was disabled before. */
  disable(destination: string, by: DisabledBy, nowMs: number): boolean {
    return this.#disable.run(destination, by, nowMs).changes !== 0;
  }

  /** Answers how many parked deliveries are ready by that; null when it was not disabled. */
  enable(destination: string): number | null {
    const row = this.#enable.get(destination) as { parked: number } | undefined;
    this.#forget.run(destination);
    return row?.parked ?? null;
  }

  disabled(): DisabledDestination[] {
    return (this.#list.all() as unknown as DisabledDestination[]).map((row) => ({ ...row }));
  }
}
