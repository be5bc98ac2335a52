import { equal, match, ok, rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import type { Broker } from '../../src/broker/broker.ts';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const mintToken = idMint(Date.now, randomBytes);
const MANY = 1_000_000;

let files = 0;
function freshFile(): string {
  return join(dir, `${++files}.db`);
}

function brokerOn(
  file: string,
  { commandTimeoutMs = 10_000, leaseMs = 60_000, queue = 'shared' } = {},
): SqliteBroker {
  return new SqliteBroker(file, { queue, leaseMs, mintToken, commandTimeoutMs });
}

async function opened(
  t: TestContext,
  file: string,
  options?: Parameters<typeof brokerOn>[1],
): Promise<Broker> {
  const broker = brokerOn(file, options);
  t.after(() => broker.close());
  await broker.open();
  return broker;
}

/** The one line that opening this file is refused with; it names the file. */
async function refusal(file: string, options?: Parameters<typeof brokerOn>[1]): Promise<string> {
  const broker = brokerOn(file, options);
  let message = '';
  await rejects(broker.open(), (error: Error & { code: string }) => {
    equal(error.code, 'VOLLEY_BROKER_UNFIT', error.message);
    message = error.message;
    return true;
  });
  equal(message.split('\n').length, 1);
  ok(message.includes(file), message);
  return message;
}

test('a file in a directory that is not there is refused, with the command that makes it', async () => {
  match(await refusal(join(dir, 'missing', 'volley.db')), /mkdir -p /);
});

test('a directory given as the file is refused', async () => {
  match(await refusal(dir), /is a directory: name a file/);
});

test('a path through a file is refused', async () => {
  writeFileSync(join(dir, 'plain'), '');
  match(await refusal(join(dir, 'plain', 'volley.db')), /not a directory/);
});

test('a file that is not a database is refused and left as it is', async () => {
  const file = freshFile();
  const text = 'name,amount\n'.repeat(2_000);
  writeFileSync(file, text);
  match(await refusal(file), /is not a SQLite database: name another file/);
  equal(readFileSync(file, 'utf8'), text);
});

test('a database of another program is refused, also one that has a table called queue', async () => {
  for (const table of ['orders', 'queue']) {
    const file = freshFile();
    const db = new DatabaseSync(file);
    db.exec(`CREATE TABLE ${table} (id INTEGER); INSERT INTO ${table} VALUES (1)`);
    db.close();
    match(await refusal(file), /is a database of another program/);
  }
});

test('a damaged database is refused', async () => {
  for (const damage of [scribble, cutOff]) {
    const file = freshFile();
    const broker = brokerOn(file);
    await broker.open();
    await broker.publish(Array.from({ length: 100 }, () => randomBytes(1_000)));
    await broker.close();
    damage(file);
    match(await refusal(file), /is damaged .*: move it away/);
  }
});

/** Overwrites the description of the tables, behind the header of the file. */
function scribble(file: string): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, Buffer.alloc(8_000, 0xa5), 0, 8_000, 100);
  closeSync(fd);
}

function cutOff(file: string): void {
  truncateSync(file, 9_000);
}

test('a file written by a newer version is refused', async () => {
  const file = freshFile();
  const broker = brokerOn(file);
  await broker.open();
  await broker.close();
  const db = new DatabaseSync(file);
  db.exec('UPDATE queue SET schema_version = 99');
  db.close();
  match(await refusal(file), /written by a newer Volley \(schema 99, this one knows \d+\): install/);
});

test('a file that holds another queue is refused', async () => {
  const file = freshFile();
  const broker = brokerOn(file);
  await broker.open();
  await broker.close();
  match(await refusal(file, { queue: 'other' }), /holds the queue shared: start with --queue shared/);
});

test('a queue in memory is refused', async () => {
  match(await refusal(':memory:'), /would lose what it accepts/);
  match(await refusal(''), /names no file/);
});

test('a file that its user may not write is refused, with who that is', () => {
  const closedDir = join(dir, 'closed');
  mkdirSync(closedDir);
  chmodSync(closedDir, 0o555);
  // What is readable to the tests may not be to another user: the code is loaded first, and then the user is changed.
  const script = `
    const { openDatabase } = await import(process.argv[1]);
    if (process.getuid() === 0) process.setuid(65534);
    try { openDatabase(process.argv[2], 'shared') }
    catch (error) { console.log(error.code, error.message) }`;
  const database = new URL('../../src/broker/sqlite/database.ts', import.meta.url).href;
  chmodSync(dir, 0o755);
  const file = join(closedDir, 'volley.db');
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, database, file], {
    encoding: 'utf8',
  });
  match(stdout, /^VOLLEY_BROKER_UNFIT .*volley\.db cannot be used, user \w+ may not write .*closed: chown/);
});

test('a call that waits too long for another process is given up, and harms nothing', async (t) => {
  const file = freshFile();
  const broker = await opened(t, file, { commandTimeoutMs: 1_500 });
  await broker.publish(['p', 'a', 'b'].map((text) => Buffer.from(text)));
  const [parked] = await broker.reserve(1, MANY);
  await broker.settle([{ kind: 'park', claim: parked!, destination: 'x' }]);
  const other = new DatabaseSync(file);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const unavailable = { code: 'VOLLEY_BROKER_UNAVAILABLE' };
  await Promise.all([
    rejects(broker.publish([Buffer.from('c')]), unavailable),
    rejects(broker.reserve(10, MANY), unavailable),
    rejects(broker.reserveParked('x', 10, MANY), unavailable),
  ]);
  other.exec('ROLLBACK');
  // The claim may have been made after all: then it is handed back.
  const claims = new Set<string>();
  while (!['a', 'b', 'p'].every((text) => claims.has(text))) {
    await broker.waitForWork(1_000, t.signal);
    const claimed = [...(await broker.reserve(10, MANY)), ...(await broker.reserveParked('x', 10, MANY))];
    for (const { envelope } of claimed) claims.add(String(envelope));
  }
});

test('calls in flight when the broker is closed are settled first', async (t) => {
  const file = freshFile();
  const broker = brokerOn(file);
  await broker.open();
  const publishing = Array.from({ length: 10 }, () => broker.publish([Buffer.from('x')]));
  const counting = broker.stats();
  await broker.close();
  await Promise.all(publishing);
  equal((await counting).ready, 10);
  equal((await (await opened(t, file)).stats()).ready, 10);
});

test('a file that is filled and drained again and again stays as large as its fullest, and shrinks when idle', async (t) => {
  const file = freshFile();
  const broker = await opened(t, file);
  const sizes: number[] = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 50; i++)
      await broker.publish(Array.from({ length: 1_000 }, () => Buffer.alloc(1_100)));
    equal(await drain(broker), 50_000);
    sizes.push(statSync(file).size);
  }
  ok(sizes[2]! <= sizes[0]! * 1.1, `${sizes}`);
  for (let i = 0; i < 20; i++) await broker.reclaim();
  await broker.close();
  ok(statSync(file).size < sizes[0]! * 0.8, `${statSync(file).size} of ${sizes[0]}`);
});

async function drain(broker: Broker): Promise<number> {
  let drained = 0;
  for (;;) {
    const claims = await broker.reserve(500, MANY);
    if (claims.length === 0) return drained;
    drained += claims.length;
    await broker.settle(claims.map((claim) => ({ kind: 'ack', claim })));
  }
}
