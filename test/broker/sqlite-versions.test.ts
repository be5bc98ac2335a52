/** SQLite files of the versions before. */
import { deepEqual, equal, throws } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import type { Broker, Claim } from '../../src/broker/broker.ts';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { BIG_BYTES, LONG_LEASE_MS, MANY, stats } from './broker-testing.ts';
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

/** What version 2 added, and a destination of each kind: disabled, and enabled again with something still to be claimed. */
const VERSION_2 = `${VERSION_1}
CREATE TABLE destinations (destination TEXT PRIMARY KEY, disabled_by TEXT, since_ms INTEGER, parked INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX resumed ON destinations (destination) WHERE disabled_by IS NULL;
CREATE TABLE parked (destination TEXT NOT NULL, seq INTEGER NOT NULL, attempts INTEGER NOT NULL,
  PRIMARY KEY (destination, seq)) STRICT, WITHOUT ROWID;
INSERT INTO deliveries VALUES (5, 'evt_5', x'65'), (6, 'evt_6', x'66'), (7, 'evt_7', x'67');
INSERT INTO destinations VALUES ('gone', 'gone', 1, 1), ('back', NULL, NULL, 2);
INSERT INTO parked VALUES ('gone', 5, 1), ('back', 6, 2), ('back', 7, 3);
UPDATE queue SET schema_version = 2, published = 7;
UPDATE queue SET taken = 7;
INSERT INTO returned VALUES (3, 0), (4, 0);
`;

test('a file of version 1 is brought to the newest version and keeps its deliveries', async (t) => {
  const file = join(dir, 'version-1.db');
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec(VERSION_1);
  const broker = await openOn(t, file);
  deepEqual(await broker.stats(), stats({ ready: 3, delayed: 1 }));
  deepEqual(version(db), 3);
  const claims = await broker.reserve(MANY, BIG_BYTES);
  deepEqual(claims.map(facts), [
    ['evt_1', 5, 'a'],
    ['evt_3', 0, 'c'],
    ['evt_4', 0, 'd'],
  ]);
  deepEqual(await broker.settle(parks(claims, 'x')), { late: 0 });
  await broker.close();
  const again = await openOn(t, file);
  deepEqual(await again.stats(), stats({ delayed: 1, parked: 3 }));
  deepEqual(version(db), 3);
});

test('what was parked in version 2 is parked still, also what was ready again, and is drained', async (t) => {
  const file = join(dir, 'version-2.db');
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec(VERSION_2);
  const broker = await openOn(t, file);
  equal(version(db), 3);
  deepEqual(await broker.stats(), stats({ ready: 3, delayed: 1, parked: 3 }));
  deepEqual((await broker.standings(null)).standings, [
    { destination: 'back', disabled: null, block: null, parked: 2 },
    { destination: 'gone', disabled: { by: 'gone', sinceMs: 1 }, block: null, parked: 1 },
  ]);
  const drained = await broker.reserveParked('back', MANY, BIG_BYTES);
  deepEqual(drained.map(facts), [
    ['evt_6', 2, 'f'],
    ['evt_7', 3, 'g'],
  ]);
  deepEqual(await broker.reserveParked('gone', MANY, BIG_BYTES), []);
  equal(await broker.enableDestination('gone'), 1);
  deepEqual((await broker.reserveParked('gone', MANY, BIG_BYTES)).map(facts), [['evt_5', 1, 'e']]);
});

test('a worker of version 2 that has the file open settles what it holds, and claims and publishes no more', async (t) => {
  const file = join(dir, 'two-versions.db');
  const old = new DatabaseSync(file);
  t.after(() => old.close());
  old.exec(`${VERSION_2} INSERT INTO claims VALUES (1, 1, 3, 0); DELETE FROM returned WHERE seq = 3`);
  const [claiming, publishing, disabling, acking] = [
    'UPDATE queue SET taken = taken, claimed = claimed WHERE published > taken',
    'UPDATE queue SET published = published + 1',
    "INSERT INTO destinations (destination, disabled_by, since_ms, parked) VALUES ('x', 'gone', 1, 0)",
    'DELETE FROM deliveries WHERE seq IN (SELECT seq FROM claims WHERE claim = 1)',
  ].map((sql) => old.prepare(sql));
  const broker = await openOn(t, file);
  for (const refused of [claiming, publishing, disabling])
    throws(() => refused!.run(), /no (such )?column|has no column/);
  equal(acking!.run().changes, 1);
  old.exec('DELETE FROM claims WHERE claim = 1');
  deepEqual(await broker.stats(), stats({ ready: 2, delayed: 1, parked: 3 }));
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

function facts({ mintedId, attempts, envelope }: Claim): [string, number, string] {
  return [mintedId, attempts, String(envelope)];
}
