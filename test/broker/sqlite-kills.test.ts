/** Processes that share a SQLite file, and are killed while they work on it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Broker, Claim } from '../../src/broker/broker.ts';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { acks, BIG_BYTES, LONG_LEASE_MS, MANY, stats } from './broker-testing.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const mintToken = idMint(Date.now, randomBytes);
/** What runs in the processes that are killed. */
const PROCESS = fileURLToPath(new URL('./sqlite-process.ts', import.meta.url));
const KILLS = 6;
const LEASE_MS = 500;

let files = 0;
function freshFile(): string {
  return join(dir, `${++files}.db`);
}

async function opened(t: TestContext, file: string): Promise<Broker> {
  const options = { queue: 'shared', leaseMs: LONG_LEASE_MS, mintToken, commandTimeoutMs: 10_000 };
  const broker = new SqliteBroker(file, options);
  t.after(() => broker.close());
  await broker.open();
  return broker;
}

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
  await untilReclaimed(broker);
  const left = (await claimAll(broker)).map(({ envelope }) => Number(envelope));
  const twice = settled.filter((number) => left.includes(number));
  deepEqual(twice, []);
  equal(new Set(settled).size, settled.length);
  const lost = Array.from({ length: count }, (_, i) => i).filter(
    (number) => !settling.includes(number) && !left.includes(number),
  );
  deepEqual(lost, []);
});

test('processes killed while they park and drain have lost nothing, and kept the order of each key', async (t) => {
  const file = freshFile();
  const broker = await opened(t, file);
  const all = Array.from({ length: 6_000 }, (_, number) => number);
  await broker.publish(all.map(parkable));
  const acked: number[] = [];
  const acking: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const workers = [start('park', file, LEASE_MS), start('park', file, LEASE_MS)];
    for (const worker of workers) t.after(worker.kill);
    for (const worker of workers) await worker.saidAbout(10 + kill);
    for (const worker of workers) {
      await sleep(Math.random() * 5);
      await worker.kill();
      ok(isInOrder(worker.numbers('settled')));
      acked.push(...worker.numbers('settled'));
      acking.push(...worker.numbers('settling'));
    }
  }
  await untilReclaimed(broker);
  const left: number[] = [];
  for (;;) {
    const claims = [
      ...(await broker.reserve(MANY, BIG_BYTES)),
      ...(await broker.reserveParked('x', MANY, BIG_BYTES)),
    ];
    if (claims.length === 0) break;
    left.push(...claims.map(({ envelope }) => JSON.parse(String(envelope)).number));
    await broker.settle(acks(claims));
  }
  ok(isInOrder(left));
  deepEqual(await broker.stats(), stats({}));
  deepEqual((await broker.standings(null)).standings, []);
  t.diagnostic(`${acked.length} settled by those that were killed, ${left.length} left, of ${all.length}`);
  ok(acked.length > 0 && left.length > 0);
  const ended = new Set([...acked, ...left]);
  equal(ended.size, acked.length + left.length, 'nothing twice');
  deepEqual(
    all.filter((number) => !ended.has(number) && !acking.includes(number)),
    [],
    'nothing lost',
  );
});

/** An event that "sqlite-process.ts park" parks; two of three have an ordering key. */
function parkable(number: number): Buffer {
  return Buffer.from(JSON.stringify({ destination: 'x', orderingKey: keyOf(number), number }));
}

function keyOf(number: number): string | undefined {
  return number % 3 === 0 ? undefined : `key ${number % 50}`;
}

/** Whether of each key these are in the order of publishing. */
function isInOrder(numbers: readonly number[]): boolean {
  const newest = new Map<string, number>();
  return numbers.every((number) => {
    const key = keyOf(number);
    if (key === undefined) return true;
    const isNewer = number > (newest.get(key) ?? -1);
    newest.set(key, number);
    return isNewer;
  });
}

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

/** Reclaims until nothing is held by those that were killed. */
async function untilReclaimed(broker: Broker): Promise<void> {
  while ((await broker.stats()).leased > 0) {
    await broker.reclaim();
    await sleep(10);
  }
}

async function untilIdle(broker: Broker): Promise<void> {
  for (;;) {
    const { ready, leased } = await broker.stats();
    if (ready + leased === 0) return;
    await sleep(5);
  }
}
