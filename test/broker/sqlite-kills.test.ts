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
import { BIG_BYTES, LONG_LEASE_MS, MANY, until } from './broker-testing.ts';
import { killWhileParking } from './parking-kill.ts';

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
  const numbers = () => workers.flatMap((worker) => worker.numbers('settled'));
  const accepted = publisher.numbers('accepted').at(-1)!;
  // What the file shows as settled may yet have to be said.
  await until(async () => numbers().length >= accepted);
  const settled = numbers();
  equal(new Set(settled).size, settled.length, 'nothing twice');
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

test('processes that are killed while they park and drain lose nothing and keep the order', async (t) => {
  const file = freshFile();
  await killWhileParking(t, await opened(t, file), `sqlite:${file}`, 'shared');
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
    const claims = await broker.reserve(MANY, BIG_BYTES);
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
