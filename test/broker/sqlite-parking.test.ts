/** What is particular to parking in a SQLite file: files of the version before, and what becomes ready by being enabled. */
import { deepEqual, equal } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import type { Broker } from '../../src/broker/broker.ts';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import {
  acks,
  BIG_BYTES,
  claimCount,
  LONG_LEASE_MS,
  MANY,
  numbered,
  stats,
  texts,
} from './broker-testing.ts';
import { parks } from './parking.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const mintToken = idMint(Date.now, randomBytes);

async function openOn(t: TestContext, file: string): Promise<Broker> {
  const broker = new SqliteBroker(file, {
    queue: 'shared',
    leaseMs: LONG_LEASE_MS,
    mintToken,
    commandTimeoutMs: 10_000,
  });
  t.after(() => broker.close());
  await broker.open();
  return broker;
}

/** The tables as version 1 laid them out. */
const VERSION_1 = `
CREATE TABLE queue (only INTEGER PRIMARY KEY CHECK (only = 1), schema_version INTEGER NOT NULL, name TEXT NOT NULL,
  published INTEGER NOT NULL, taken INTEGER NOT NULL, claimed INTEGER NOT NULL) STRICT;
CREATE TABLE deliveries (seq INTEGER PRIMARY KEY, minted_id TEXT NOT NULL, envelope BLOB NOT NULL) STRICT;
CREATE TABLE claims (claim INTEGER PRIMARY KEY, lease INTEGER NOT NULL, seq INTEGER NOT NULL, attempts INTEGER NOT NULL) STRICT;
CREATE TABLE returned (seq INTEGER PRIMARY KEY, attempts INTEGER NOT NULL) STRICT;
CREATE TABLE retries (due_ms INTEGER NOT NULL, seq INTEGER NOT NULL, attempts INTEGER NOT NULL,
  PRIMARY KEY (due_ms, seq)) STRICT, WITHOUT ROWID;
CREATE TABLE leases (lease INTEGER PRIMARY KEY AUTOINCREMENT, expires_ms INTEGER NOT NULL, lease_ms INTEGER NOT NULL) STRICT;
CREATE TABLE dead (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, id TEXT NOT NULL, destination TEXT,
  reason TEXT NOT NULL, died_at_ms INTEGER NOT NULL, letter TEXT NOT NULL, envelope BLOB NOT NULL) STRICT;
CREATE INDEX dead_by_time ON dead (died_at_ms);
CREATE INDEX dead_by_destination ON dead (destination, died_at_ms);
CREATE INDEX dead_by_reason ON dead (reason, died_at_ms);
INSERT INTO queue VALUES (1, 1, 'shared', 4, 2, 2);
INSERT INTO deliveries VALUES (1, 'evt_1', x'61'), (2, 'evt_2', x'62'), (3, 'evt_3', x'63'), (4, 'evt_4', x'64');
INSERT INTO returned VALUES (1, 5);
INSERT INTO retries VALUES (9999999999999, 2, 1);
`;

test('a file of version 1 is brought to version 2 and keeps its deliveries', async (t) => {
  const file = join(dir, 'version-1.db');
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec(VERSION_1);
  const broker = await openOn(t, file);
  deepEqual(await broker.stats(), stats({ ready: 3, delayed: 1 }));
  deepEqual(version(db), 2);
  const claims = await broker.reserve(MANY, BIG_BYTES);
  deepEqual(
    claims.map(({ mintedId, attempts, envelope }) => [mintedId, attempts, String(envelope)]),
    [
      ['evt_1', 5, 'a'],
      ['evt_3', 0, 'c'],
      ['evt_4', 0, 'd'],
    ],
  );
  await broker.disableDestination('x', 'gone', 1);
  deepEqual(await broker.settle(parks(claims, 'x')), { late: 0 });
  await broker.close();
  const again = await openOn(t, file);
  deepEqual(await again.stats(), stats({ delayed: 1, parked: 3 }));
  deepEqual(version(db), 2);
});

test('a file of version 1 that holds another queue is left as it is', async (t) => {
  const file = join(dir, 'another.db');
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec(`${VERSION_1} UPDATE queue SET name = 'another'`);
  await openOn(t, file).then(
    () => Promise.reject(new Error('it was opened')),
    ({ code }) => equal(code, 'VOLLEY_BROKER_UNFIT'),
  );
  equal(version(db), 1);
});

function version(db: DatabaseSync): unknown {
  return db.prepare('SELECT schema_version FROM queue').get()!['schema_version'];
}

test('what is not yet claimed of an enabled destination is parked again when that is disabled again', async (t) => {
  const broker = await openOn(t, join(dir, 'again.db'));
  await broker.publish(numbered(10));
  await broker.disableDestination('x', 'gone', 1);
  await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  equal(await broker.enableDestination('x'), 10);
  const [first, ...others] = await broker.reserve(4, BIG_BYTES);
  equal(await broker.disableDestination('x', 'gone', 2), true);
  deepEqual(await broker.stats(), stats({ leased: 4, parked: 6 }));
  await broker.settle([...acks([first!]), ...parks(others, 'x')]);
  deepEqual(await broker.disabledDestinations(), [{ destination: 'x', by: 'gone', sinceMs: 2, parked: 9 }]);
  deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
  equal(await broker.enableDestination('x'), 9);
  deepEqual(texts(await claimCount(broker, 9)), numbered(10).slice(1).map(String));
});

test('nothing is kept of a destination that is enabled and has nothing parked', async (t) => {
  const file = join(dir, 'nothing.db');
  const broker = await openOn(t, file);
  await broker.publish(numbered(10));
  await broker.disableDestination('x', 'gone', 1);
  await broker.disableDestination('y', 'gone', 1);
  await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  for (const name of ['x', 'y']) await broker.enableDestination(name);
  await broker.settle(acks(await claimCount(broker, 10)));
  await broker.close();
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  for (const table of ['destinations', 'parked', 'deliveries', 'claims'])
    deepEqual(db.prepare(`SELECT * FROM ${table}`).all(), [], table);
});
