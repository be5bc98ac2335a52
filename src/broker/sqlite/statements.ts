/** The SQL of the live deliveries, prepared once per connection. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { WAITS } from './ordering.ts';

const SQL = {
  beginRead: 'BEGIN',
  beginWrite: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  position: 'SELECT newest, taken, claimed, standings FROM queue',
  setNewest: 'UPDATE queue SET newest = ?',
  setTaken: 'UPDATE queue SET taken = ?',
  setClaimed: 'UPDATE queue SET claimed = ?',

  insertDelivery: 'INSERT INTO deliveries (seq, minted_id, envelope) VALUES (?, ?, ?)',
  deleteDelivery: 'DELETE FROM deliveries WHERE seq = ?',
  deleteClaimedDeliveries: `
    DELETE FROM deliveries
    WHERE seq IN (SELECT seq FROM claims WHERE claim IN (SELECT value FROM json_each(?)))`,
  newDeliveries: `
    SELECT seq, 0, minted_id, envelope FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?`,
  newInTurn: `
    SELECT seq, 0, minted_id, envelope FROM deliveries WHERE seq > ? AND seq <= ?
    AND NOT EXISTS (SELECT 1 FROM ordered AS own WHERE own.seq = deliveries.seq AND ${WAITS}) ORDER BY seq LIMIT ?`,

  returned: `
    SELECT seq, attempts, minted_id, envelope FROM returned JOIN deliveries USING (seq) ORDER BY seq LIMIT ?`,
  insertReturned: 'INSERT INTO returned (seq, attempts) VALUES (?, ?)',
  deleteReturned: 'DELETE FROM returned WHERE seq = ?',

  drainable: `
    SELECT seq, attempts, minted_id, envelope, place
    FROM destinations CROSS JOIN parked USING (destination) CROSS JOIN deliveries USING (seq)
    WHERE destination = ? AND disabled_by IS NULL ORDER BY place LIMIT ?`,
  parked: 'SELECT seq, place FROM parked WHERE destination = ? ORDER BY place LIMIT ?',

  dueRetries: `
    SELECT seq, attempts, minted_id, envelope, due_ms FROM retries JOIN deliveries USING (seq)
    WHERE due_ms <= ? ORDER BY due_ms, seq LIMIT ?`,
  nextDue: 'SELECT due_ms FROM retries ORDER BY due_ms LIMIT 1',
  insertRetry: 'INSERT INTO retries (due_ms, seq, attempts) VALUES (?, ?, ?)',
  deleteRetry: 'DELETE FROM retries WHERE due_ms = ? AND seq = ?',

  insertClaim: 'INSERT INTO claims (claim, lease, seq, attempts) VALUES (?, ?, ?, ?)',
  claimNew: `
    INSERT INTO claims (claim, lease, seq, attempts)
    SELECT ? + seq, ?, seq, 0 FROM deliveries WHERE seq > ? AND seq <= ?`,
  deleteClaims: 'DELETE FROM claims WHERE claim IN (SELECT value FROM json_each(?))',
  deleteClaim: 'DELETE FROM claims WHERE claim = ? RETURNING seq, attempts',

  anyReady: 'SELECT 1 FROM queue WHERE newest > taken OR EXISTS (SELECT 1 FROM returned)',
  stats: `
    SELECT
      newest - taken + (SELECT count(*) FROM returned) AS ready,
      (SELECT count(*) FROM claims) AS leased,
      (SELECT count(*) FROM retries) AS delayed,
      (SELECT ifnull(sum(parked), 0) FROM destinations) + (SELECT count(*) FROM aside) AS parked,
      (SELECT count(*) FROM dead) AS dead
    FROM queue`,
  dataVersion: 'PRAGMA data_version',
  freePages: 'PRAGMA freelist_count',
} as const;

/** Statements by the names that their SQL was given. */
export type Prepared<Sql> = { readonly [Name in keyof Sql]: StatementSync };
export type Statements = Prepared<typeof SQL>;

/** Those that read deliveries, many at a time. */
const AS_ARRAYS = ['newDeliveries', 'newInTurn', 'returned', 'dueRetries', 'drainable'] as const;

export function statementsOf(db: DatabaseSync): Statements {
  const statements = prepare(db, SQL);
  for (const name of AS_ARRAYS) statements[name].setReturnArrays(true);
  return statements;
}

export function prepare<Sql extends Readonly<Record<string, string>>>(
  db: DatabaseSync,
  sql: Sql,
): Prepared<Sql> {
  const entries = Object.entries(sql).map(([name, text]) => [name, db.prepare(text)]);
  return Object.fromEntries(entries) as Prepared<Sql>;
}
