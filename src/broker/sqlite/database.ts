/** Opens the database file, checks that it is fit, and lays out its tables. */
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { userName } from '../../runtime/user-name.ts';
import { unfit } from './faults.ts';

/** Raised whenever the tables change. */
const SCHEMA_VERSION = 3;

/**
 * A delivery is a row of `deliveries`, written once and deleted once; what moves are rows of a few bytes that say where
 * it is: `claims` (leased), `retries` (delayed), `returned` (ready again), `parked`, `aside`. A delivery without any is ready if
 * its seq is above `queue.taken`. So claiming new ones neither searches nor rewrites envelopes: it reads on from `taken`.
 */
const SCHEMA_1 = `
CREATE TABLE queue (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  schema_version INTEGER NOT NULL,
  name TEXT NOT NULL,
  published INTEGER NOT NULL, -- seq of the newest delivery
  taken INTEGER NOT NULL,     -- seq of the newest delivery that was ever claimed
  claimed INTEGER NOT NULL    -- number of the newest claim
) STRICT;
CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY,
  minted_id TEXT NOT NULL,
  envelope BLOB NOT NULL
) STRICT;
CREATE TABLE claims (
  claim INTEGER PRIMARY KEY,
  lease INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL
) STRICT;
CREATE TABLE returned (
  seq INTEGER PRIMARY KEY,
  attempts INTEGER NOT NULL
) STRICT;
CREATE TABLE retries (
  due_ms INTEGER NOT NULL,    -- wall time
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (due_ms, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
  lease INTEGER PRIMARY KEY AUTOINCREMENT,
  expires_ms INTEGER NOT NULL, -- time since boot
  lease_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE dead (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  id TEXT NOT NULL,
  destination TEXT,
  reason TEXT NOT NULL,
  died_at_ms INTEGER NOT NULL,
  letter TEXT NOT NULL,
  envelope BLOB NOT NULL
) STRICT;
CREATE INDEX dead_by_time ON dead (died_at_ms);
CREATE INDEX dead_by_destination ON dead (destination, died_at_ms);
CREATE INDEX dead_by_reason ON dead (reason, died_at_ms);
`;

/** How many are parked for each destination is written down: counting a million takes 35 ms, and workers ask every few seconds. */
const SCHEMA_2 = `
CREATE TABLE destinations (
  destination TEXT PRIMARY KEY,
  disabled_by TEXT,           -- null when it is not disabled
  since_ms INTEGER,           -- wall time
  parked INTEGER NOT NULL     -- how many rows of that table are its
) STRICT, WITHOUT ROWID;
-- Unique, so that SQLite knows each destination to be there once, and reads what is parked in order without sorting it all.
CREATE UNIQUE INDEX resumed ON destinations (destination) WHERE disabled_by IS NULL;
CREATE TABLE parked (
  destination TEXT NOT NULL,
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (destination, seq)
) STRICT, WITHOUT ROWID;
`;

/**
 * Blocks, the order of what is parked, rate limits, ordered delivery. What was parked in version 2 stays parked, also where
 * it was ready again: workers drain it. What was published in version 2 is delivered without regard to an ordering key.
 *
 * A worker of version 2 that has the file open knows nothing of turns: it must claim, publish, park and disable no more.
 * Columns that it names for that are called something else, so that it is refused; what it holds it may settle and renew.
 */
const SCHEMA_3 = `
ALTER TABLE queue RENAME COLUMN published TO newest;
ALTER TABLE queue ADD COLUMN standings INTEGER NOT NULL DEFAULT 0; -- version of the standings: how many changes there were
DROP INDEX resumed;
ALTER TABLE destinations RENAME COLUMN since_ms TO disabled_ms;
ALTER TABLE destinations ADD COLUMN block TEXT;                    -- its kind; null when it is not blocked
ALTER TABLE destinations ADD COLUMN block_ms INTEGER;              -- how long it was to last
ALTER TABLE destinations ADD COLUMN until_ms INTEGER;              -- its end in wall time
ALTER TABLE destinations ADD COLUMN until_uptime_ms INTEGER;       -- its end in time since boot
ALTER TABLE destinations ADD COLUMN opened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE destinations ADD COLUMN changed INTEGER NOT NULL DEFAULT 0; -- version of its last change
CREATE INDEX destinations_by_change ON destinations (changed);
CREATE INDEX idle_destinations ON destinations (changed) WHERE disabled_by IS NULL AND block IS NULL AND parked = 0;
ALTER TABLE parked RENAME TO parked_2;
CREATE TABLE parked (
  destination TEXT NOT NULL,
  place INTEGER NOT NULL,     -- in the order of parking
  seq INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (destination, place)
) STRICT, WITHOUT ROWID;
INSERT INTO parked SELECT destination, seq, seq, attempts FROM parked_2;
DROP TABLE parked_2;
CREATE TABLE rates (
  destination TEXT PRIMARY KEY,
  arrival_ms REAL NOT NULL    -- when it is at rest, in time since boot
) STRICT, WITHOUT ROWID;
-- Deliveries with an ordering key, from publishing to their end. Of each sequence the lowest seq has the turn.
CREATE TABLE ordered (
  seq INTEGER PRIMARY KEY,
  sequence TEXT NOT NULL
) STRICT;
CREATE INDEX ordered_by_sequence ON ordered (sequence, seq);
-- Those of them that taking new ones has come past before it was their turn.
CREATE TABLE aside (
  seq INTEGER PRIMARY KEY
) STRICT;
`;

/** What makes the tables of a version those of the next; by the version they are. */
const MIGRATIONS: Readonly<Record<number, string>> = { 1: SCHEMA_2, 2: SCHEMA_3 };

/** 8 KiB holds seven envelopes of 1 KB with little waste, and costs the small tables little. */
const PAGE_BYTES = 8_192;
/** Pages in the log before they are moved to the file (32 MB): what is delivered soon is then written to the file once, or never. */
const CHECKPOINT_PAGES = 4_000;
/** What the log is cut back to after a burst. */
const LOG_KEPT_BYTES = 2 * PAGE_BYTES * CHECKPOINT_PAGES;

/** The open database. Throws VOLLEY_BROKER_UNFIT for a file that cannot keep deliveries, and what SQLite throws. */
export function openDatabase(file: string, queue: string): DatabaseSync {
  checkPath(file);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    configure(db, file);
    db.exec('BEGIN IMMEDIATE');
    layOut(db, file, queue);
    db.exec('COMMIT');
    return db;
  } catch (error) {
    db?.close();
    throw error;
  }
}

/** Finds the plain mistakes before SQLite does, which calls them all "unable to open database file". */
function checkPath(file: string): void {
  const directory = dirname(file);
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined)
    throw unfit(
      `${file} cannot be created, there is no directory ${directory}: create it (mkdir -p ${directory})`,
    );
  if (!found.isDirectory()) throw unfit(`${file} cannot be created, ${directory} is not a directory`);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true)
    throw unfit(`${file} is a directory: name a file, for example sqlite:${file}/volley.db`);
  // The log and its index are created beside the file, hence the directory too.
  for (const path of existsSync(file) ? [directory, file] : [directory]) {
    try {
      accessSync(path, constants.R_OK | constants.W_OK);
    } catch (cause) {
      throw unfit(
        `${file} cannot be used, user ${userName()} may not write ${path}: chown it to that user, or name a file elsewhere with --broker`,
        cause,
      );
    }
  }
}

function configure(db: DatabaseSync, file: string): void {
  // Both take effect in an empty file only.
  db.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL`);
  const { journal_mode: mode } = db.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
  if (mode !== 'wal')
    throw unfit(`${file} is where SQLite cannot keep a write-ahead log: put it on a local disk`);
  // NORMAL: a commit costs no fsync. Store.sync() adds the one that a publish needs.
  db.exec(
    `PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}; PRAGMA journal_size_limit = ${LOG_KEPT_BYTES}`,
  );
}

function layOut(db: DatabaseSync, file: string, queue: string): void {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all() as {
    name: string;
  }[];
  if (tables.length === 0) {
    db.exec(SCHEMA_1 + SCHEMA_2 + SCHEMA_3);
    db.prepare(
      'INSERT INTO queue (only, schema_version, name, newest, taken, claimed) VALUES (1, ?, ?, 0, 0, 0)',
    ).run(SCHEMA_VERSION, queue);
    return;
  }
  if (!tables.some(({ name }) => name === 'queue'))
    throw unfit(`${file} is a database of another program: name another file with --broker`);
  const row = db.prepare('SELECT * FROM queue').get() as
    | { schema_version?: number; name?: string }
    | undefined;
  if (row?.schema_version === undefined)
    throw unfit(`${file} is a database of another program: name another file with --broker`);
  if (row.schema_version > SCHEMA_VERSION)
    throw unfit(
      `${file} was written by a newer Volley (schema ${row.schema_version}, this one knows ${SCHEMA_VERSION}): install that version`,
    );
  if (row.name !== queue)
    throw unfit(
      `${file} holds the queue ${row.name}: start with --queue ${row.name}, or name another file with --broker`,
    );
  migrate(db, row.schema_version);
}

/** Brings the tables of an older version up to date; what becomes of workers of that version that have the file open is said at each. */
function migrate(db: DatabaseSync, from: number): void {
  for (let version = from; version < SCHEMA_VERSION; version++) db.exec(MIGRATIONS[version]!);
  if (from < SCHEMA_VERSION) db.prepare('UPDATE queue SET schema_version = ?').run(SCHEMA_VERSION);
}
