/** The SQL of the live deliveries, prepared once per connection. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  position: 'SELECT published, taken, claimed FROM queue',
  setPublished: 'UPDATE queue SET published = ?',
  setTaken: 'UPDATE queue SET taken = ?, claimed = ?',

  insertDelivery: 'INSERT INTO deliveries (seq, minted_id, envelope) VALUES (?, ?, ?)',
  deleteDelivery: 'DELETE FROM deliveries WHERE seq = ?',
  deleteClaimedDeliveries: `
    DELETE FROM deliveries
    WHERE seq IN (SELECT seq FROM claims WHERE claim IN (SELECT value FROM json_each(?)))`,
  newDeliveries: `
    SELECT seq, 0, minted_id, envelope FROM deliveries WHERE seq > ? ORDER BY seq LIMIT ?`,

  returned: `
    SELECT seq, attempts, minted_id, envelope FROM returned JOIN deliveries USING (seq) ORDER BY seq LIMIT ?`,
  insertReturned: 'INSERT INTO returned (seq, attempts) VALUES (?, ?)',
  deleteReturned: 'DELETE FROM returned WHERE seq = ?',

  resumed: `
    SELECT seq, attempts, minted_id, envelope, destination
    FROM destinations CROSS JOIN parked USING (destination) CROSS JOIN deliveries USING (seq)
    WHERE disabled_by IS NULL ORDER BY destination, seq LIMIT ?`,

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

  anyReady: `
    SELECT 1 FROM queue WHERE published > taken OR EXISTS (SELECT 1 FROM returned)
    OR EXISTS (SELECT 1 FROM destinations WHERE disabled_by IS NULL)`,
  stats: `
    SELECT
      published - taken + (SELECT count(*) FROM returned)
        + (SELECT ifnull(sum(parked), 0) FROM destinations WHERE disabled_by IS NULL) AS ready,
      (SELECT count(*) FROM claims) AS leased,
      (SELECT count(*) FROM retries) AS delayed,
      (SELECT ifnull(sum(parked), 0) FROM destinations WHERE disabled_by IS NOT NULL) AS parked,
      (SELECT count(*) FROM dead) AS dead
    FROM queue`,
  dataVersion: 'PRAGMA data_version',
  freePages: 'PRAGMA freelist_count',
} as const;

export type Statements = { readonly [Name in keyof typeof SQL]: StatementSync };

/** Those that read deliveries, many at a time. */
const AS_ARRAYS: ReadonlySet<string> = new Set(['newDeliveries', 'returned', 'resumed', 'dueRetries']);

export function statementsOf(db: DatabaseSync): Statements {
  const entries = Object.entries(SQL).map(([name, sql]) => {
    const statement = db.prepare(sql);
    statement.setReturnArrays(AS_ARRAYS.has(name));
    return [name, statement];
  });
  return Object.fromEntries(entries) as Statements;
}
