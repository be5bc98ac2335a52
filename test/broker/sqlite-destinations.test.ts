/** What is particular to destinations in a SQLite file: two clocks, what is forgotten, and rate limits as arithmetic. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, type TestContext, test } from 'node:test';
import type { Broker } from '../../src/broker/broker.ts';
import { blockOf, keptOf } from '../../src/broker/sqlite/blocks.ts';
import { granted } from '../../src/broker/sqlite/rates.ts';
import { SqliteBroker } from '../../src/broker/sqlite/sqlite-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import {
  acks,
  BIG_BYTES,
  LONG_LEASE_MS,
  MANY,
  NEVER,
  numbered,
  PATIENCE_MS,
  timed,
} from './broker-testing.ts';
import { parks } from './parking.ts';

const dir = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const mintToken = idMint(Date.now, randomBytes);
const DAY_MS = 86_400_000;

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

test('a block ends when it was to, and never later, whatever clock jumps', () => {
  const set = { wallMs: 1_000 * DAY_MS, uptimeMs: 5 * DAY_MS };
  const kept = keptOf({ kind: 'open', forMs: 30_000, opened: 2 }, set);
  const leftAt = (wallMs: number, uptimeMs: number) =>
    blockOf(kept, { wallMs: set.wallMs + wallMs, uptimeMs: set.uptimeMs + uptimeMs }).forMs;
  deepEqual(blockOf(kept, set), { kind: 'open', forMs: 30_000, opened: 2 });
  equal(leftAt(29_999, 29_999), 1);
  equal(leftAt(30_000, 30_000), 0);
  equal(leftAt(DAY_MS, DAY_MS), 0);
  equal(leftAt(-DAY_MS + 10_000, 10_000), 20_000, 'the wall clock was set back');
  equal(leftAt(DAY_MS, 10_000), 0, 'the wall clock was set forward');
  equal(leftAt(10_000, 3_000 - set.uptimeMs), 20_000, 'after a reboot');
  equal(leftAt(-DAY_MS, 3_000 - set.uptimeMs), 0, 'after a reboot that set the clock back');
});

test('a pause that has long been over is forgotten, and no other block is', async (t) => {
  const file = join(dir, 'pauses.db');
  const broker = await openOn(t, file);
  await broker.block('an open breaker', { kind: 'open', forMs: 0, opened: 1 });
  await broker.block('a pause', { kind: 'paused', forMs: DAY_MS, opened: 0 });
  await broker.block('long over', { kind: 'paused', forMs: 0, opened: 0 });
  await broker.block('long over by the wall clock', { kind: 'paused', forMs: 0, opened: 0 });
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  const earlier = (column: string, destination: string) =>
    db.exec(`UPDATE destinations SET ${column} = ${column} - 61000 WHERE destination = '${destination}'`);
  earlier('until_uptime_ms', 'long over');
  earlier('until_ms', 'long over by the wall clock');
  earlier('until_uptime_ms', 'an open breaker');
  await broker.block('one that has just ended', { kind: 'paused', forMs: 0, opened: 0 });
  const { version } = await broker.standings(null);
  await broker.reclaim();
  deepEqual(
    (await broker.standings(null)).standings.map(({ destination }) => destination),
    ['a pause', 'an open breaker', 'one that has just ended'],
  );
  equal((await broker.standings(version)).standings.length, 2, 'that is news');
});

test('a block outlives its worker and a reboot, and a clock that was set back does not prolong it', async (t) => {
  const file = join(dir, 'reboot.db');
  const first = await openOn(t, file);
  await first.block('x', { kind: 'paused', forMs: DAY_MS, opened: 0 });
  await first.close();
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  db.exec(`UPDATE destinations SET until_uptime_ms = until_uptime_ms + ${30 * DAY_MS}`);
  const forMs = async () => (await broker.standings(null)).standings[0]!.block!.forMs;
  const broker = await openOn(t, file);
  ok((await forMs()) > DAY_MS - 60_000, 'the machine had been up for longer than it is now');
  db.exec(`UPDATE destinations SET until_ms = until_ms + ${30 * DAY_MS}`);
  equal(await forMs(), 0);
  deepEqual(await broker.askProbe('x', 1_000), { kind: 'unblocked' });
});

test('of a destination of which nothing is left to say the change is kept until 10 000 newer ones, and then nothing', async (t) => {
  const file = join(dir, 'forgotten.db');
  const broker = await openOn(t, file);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  await broker.publish(numbered(10));
  await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  await broker.disableDestination('x', 'gone', 1);
  equal(await broker.enableDestination('x'), 10);
  await broker.settle(acks(await broker.reserveParked('x', MANY, BIG_BYTES)));
  const nothing = { disabled: null, block: null, parked: 0 };
  deepEqual(await broker.standings(0), {
    version: 3,
    standings: [{ destination: 'x', ...nothing }],
    isComplete: false,
  });
  deepEqual(await broker.standings(null), { version: 3, standings: [], isComplete: true });

  db.exec('UPDATE queue SET standings = 10002');
  await broker.unblock('nothing is blocked');
  await broker.block('y', { kind: 'open', forMs: DAY_MS, opened: 1 });
  deepEqual(
    (await broker.standings(3)).standings.map(({ destination }) => destination),
    ['y'],
  );
  equal((await broker.standings(3)).isComplete, false);
  equal((await broker.standings(2)).isComplete, true, 'its answer would lack x');
  equal((await broker.standings(20_000)).isComplete, true, 'a version from elsewhere');
  await broker.unblock('y');
  await broker.close();
  deepEqual(
    db
      .prepare('SELECT destination FROM destinations')
      .all()
      .map(({ destination }) => destination),
    ['y'],
  );
  for (const table of ['parked', 'deliveries', 'claims'])
    deepEqual(db.prepare(`SELECT * FROM ${table}`).all(), [], table);
});

test('waiting ends when another connection changes what is known of a destination, once', async (t) => {
  const file = join(dir, 'news.db');
  const [worker, other] = [await openOn(t, file), await openOn(t, file)];
  for (const change of [
    () => other.block('x', { kind: 'open', forMs: DAY_MS, opened: 1 }),
    () => other.unblock('x'),
    () => other.disableDestination('x', 'command', 1),
    () => worker.enableDestination('x'),
  ]) {
    const waiting = worker.waitForWork(PATIENCE_MS, NEVER);
    await worker.stats();
    await change();
    ok((await timed(waiting)) < PATIENCE_MS / 2, String(change));
    deepEqual(await worker.reserve(MANY, BIG_BYTES), []);
    equal(worker.standingsVersion, (await other.standings(null)).version);
  }
  ok((await timed(worker.waitForWork(100, NEVER))) > 90);
});

test('a destination at rest may send a burst, whatever its rate, and then one each interval', () => {
  for (const perSecond of [0.1, 1, 3, 7, 1_000])
    for (const burst of [1, 5, 100]) {
      const wish = { destination: 'x', count: 1_000, perSecond, burst };
      const { grant, aheadMs } = granted(wish, 0);
      const intervalMs = 1_000 / perSecond;
      deepEqual(grant, { count: burst, waitMs: Math.ceil(intervalMs) });
      equal(granted(wish, aheadMs - intervalMs).grant.count, 1, `${perSecond}`);
      equal(granted(wish, aheadMs - intervalMs / 2).grant.count, 0);
      equal(granted(wish, aheadMs - intervalMs / 2).grant.waitMs, Math.ceil(intervalMs / 2));
    }
});

test('a limit that was made lower, or a reboot, makes a destination wait no longer than after a burst', () => {
  const wish = { destination: 'x', count: 1, perSecond: 10, burst: 5 };
  deepEqual(granted(wish, DAY_MS), { grant: { count: 0, waitMs: 100 }, aheadMs: 500 });
});

test('nothing is kept of a rate limit that is at rest', async (t) => {
  const file = join(dir, 'rest.db');
  const broker = await openOn(t, file);
  const db = new DatabaseSync(file);
  t.after(() => db.close());
  const limit = { count: 1, burst: 1 };
  deepEqual(
    await broker.takeTokens([
      { destination: 'x', perSecond: 1_000_000, ...limit },
      { destination: 'y', perSecond: 0.000_01, ...limit },
    ]),
    Array(2).fill({ count: 1, waitMs: 0 }),
  );
  await broker.reclaim();
  deepEqual(
    db
      .prepare('SELECT destination FROM rates')
      .all()
      .map(({ destination }) => destination),
    ['y'],
  );
});
