import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
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
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Broker, Claim } from '../../src/broker/broker.ts';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const mintToken = idMint(Date.now, randomBytes);
const MANY = 1_000_000;
/** What runs in the processes that are killed. */
const PROCESS = fileURLToPath(new URL('./sqlite-process.ts', import.meta.url));
const KILLS = 6;
const LEASE_MS = 500;

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
  await broker.publish([Buffer.from('a'), Buffer.from('b')]);
  const other = new DatabaseSync(file);
  t.after(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const unavailable = { code: 'VOLLEY_BROKER_UNAVAILABLE' };
  await Promise.all([
    rejects(broker.publish([Buffer.from('c')]), unavailable),
    rejects(broker.reserve(10, MANY), unavailable),
  ]);
  other.exec('ROLLBACK');
  // The claim may have been made after all: then it is handed back.
  const claims = new Set<string>();
  while (claims.size < 2) {
    await broker.waitForWork(1_000, t.signal);
    for (const { envelope } of await broker.reserve(10, MANY)) claims.add(String(envelope));
  }
  ok(claims.has('a') && claims.has('b'));
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

test('a process shares the file with others, and prints nothing of its own accord', async (t) => {
  const file = freshFile();
  const broker = await opened(t, file);
  const publisher = start('publish', file);
  t.after(publisher.kill);
  const workers = [start('work', file), start('work', file)];
  for (const worker of workers) t.after(worker.kill);
  await publisher.saidAbout(50);
  await publisher.kill();
  await untilIdle(broker);
  const settled = workers.flatMap((worker) => worker.numbers('settled'));
  equal(new Set(settled).size, settled.length, 'nothing twice');
  const accepted = publisher.numbers('accepted').at(-1)!;
  ok(settled.length >= accepted && settled.length % 20 === 0, `${settled.length} of ${accepted}`);
  deepEqual(
    [publisher, ...workers].map(({ errors }) => errors()),
    ['', '', ''],
  );
});

test('a publisher killed at any moment has lost nothing that was accepted, and left no half batch', async (t) => {
  for (let kill = 0; kill < KILLS; kill++) {
    const file = freshFile();
    const publisher = start('publish', file);
    t.after(publisher.kill);
    await publisher.saidAbout(5 + kill);
    await sleep(Math.random() * 5);
    await publisher.kill();
    const accepted = publisher.numbers('accepted').at(-1)!;
    const kept = (await claimAll(await opened(t, file))).map(({ envelope }) => Number(envelope));
    ok(kept.length >= accepted && kept.length % 20 === 0, `${kept.length} kept of ${accepted} accepted`);
    deepEqual(kept, [...kept.keys()]);
  }
});

test('a worker killed at any moment has lost nothing, and nothing that it settled comes again', async (t) => {
  const file = freshFile();
  const broker = await opened(t, file);
  const count = 8_000;
  await broker.publish(Array.from({ length: count }, (_, i) => Buffer.from(String(i))));
  const settled: number[] = [];
  const settling: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const worker = start('work', file, LEASE_MS);
    t.after(worker.kill);
    await worker.saidAbout(10 + kill);
    await sleep(Math.random() * 5);
    await worker.kill();
    settled.push(...worker.numbers('settled'));
    settling.push(...worker.numbers('settling'));
  }
  while ((await broker.stats()).leased > 0) {
    await broker.reclaim();
    await sleep(10);
  }
  const left = (await claimAll(broker)).map(({ envelope }) => Number(envelope));
  const twice = settled.filter((number) => left.includes(number));
  deepEqual(twice, []);
  equal(new Set(settled).size, settled.length);
  const lost = Array.from({ length: count }, (_, i) => i).filter(
    (number) => !settling.includes(number) && !left.includes(number),
  );
  deepEqual(lost, []);
});

interface Started {
  /** Resolves when the process has said so many lines. */
  saidAbout(lines: number): Promise<void>;
  kill(): Promise<void>;
  /** The numbers it has said after this word. */
  numbers(word: string): number[];
  /** What it has written to standard error. */
  errors(): string;
}

function start(...args: readonly (string | number)[]): Started {
  const child: ChildProcess = spawn(process.execPath, [PROCESS, ...args.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let errors = '';
  const ended = once(child, 'close');
  child.stdout!.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  // The last line may have been cut short.
  const lines = () => said.split('\n').slice(0, -1);
  return {
    async saidAbout(count) {
      while (lines().length < count)
        await Promise.race([
          once(child.stdout!, 'data'),
          ended.then(() => Promise.reject(new Error(`the process has ended: ${errors}`))),
        ]);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    numbers: (word) =>
      lines()
        .filter((line) => line.startsWith(`${word} `))
        .flatMap((line) => line.split(' ').slice(1))
        .filter((text) => text !== '')
        .map(Number),
    errors: () => errors,
  };
}

async function claimAll(broker: Broker): Promise<Claim[]> {
  const all: Claim[] = [];
  for (;;) {
    const claims = await broker.reserve(1_000, MANY);
    if (claims.length === 0) return all;
    all.push(...claims);
  }
}

async function drain(broker: Broker): Promise<number> {
  let drained = 0;
  for (;;) {
    const claims = await broker.reserve(500, MANY);
    if (claims.length === 0) return drained;
    drained += claims.length;
    await broker.settle(claims.map((claim) => ({ kind: 'ack', claim })));
  }
}

async function untilIdle(broker: Broker): Promise<void> {
  for (;;) {
    const { ready, leased } = await broker.stats();
    if (ready + leased === 0) return;
    await sleep(5);
  }
}
