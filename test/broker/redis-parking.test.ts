/** What only Redis can meet where it keeps what concerns destinations: being full, keys that others have written, losing data. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Broker } from '../../src/broker/broker.ts';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import {
  acks,
  BIG_BYTES,
  envelopes,
  LONG_LEASE_MS,
  MANY,
  numbered,
  stats,
  texts,
  until,
} from './broker-testing.ts';
import { parks } from './parking.ts';
import { killWhileParking } from './parking-kill.ts';

const mintToken = idMint(Date.now, randomBytes);

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

/** A broker on a queue of its own, not yet open, and a connection that does what no broker would. */
function brokerOn(t: TestContext, { url }: RedisServer) {
  const queue = `queue-${randomUUID()}`;
  const options = { queue, leaseMs: LONG_LEASE_MS, commandTimeoutMs: 10_000, mintToken };
  const broker: Broker = new RedisBroker(url, options);
  const admin = new Redis(url);
  t.after(() => broker.close());
  t.after(() => admin.disconnect());
  return { broker, admin, queue };
}

async function openOn(t: TestContext, server: RedisServer) {
  const opened = brokerOn(t, server);
  await opened.broker.open();
  return opened;
}

test('a Redis that is full still disables, blocks, probes, limits, parks, drains and discards', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const { broker, admin } = await openOn(t, server);
  const all = Array.from({ length: 1_000 }, (_, i) => Buffer.from(String(i).padEnd(1_000, '.')));
  await broker.publish(all);
  const claims = await broker.reserve(MANY, BIG_BYTES);
  await broker.publish([Buffer.from('{"id":"a","destination":"y","payload":1}')]);
  await admin.config('SET', 'maxmemory', '1mb');
  await rejects(admin.lpush('anything', 'x'), /OOM/);
  await broker.reserve(MANY, BIG_BYTES, { destinations: ['y'], onParked: () => {} });
  equal(await broker.discardParked('y'), 1);
  equal(await broker.disableDestination('x', 'gone', 1), true);
  equal(await broker.disableDestination('x', 'gone', 1), false);
  deepEqual(await broker.settle(parks(claims, 'x')), { late: 0 });
  deepEqual(await broker.stats(), stats({ parked: 1_000 }));
  deepEqual(await broker.reserveParked('x', MANY, BIG_BYTES), []);
  await broker.block('x', { kind: 'open', forMs: 60_000, opened: 1 });
  equal((await broker.standings(null)).standings.length, 1);
  equal(await broker.enableDestination('x'), 1_000);
  await broker.block('x', { kind: 'open', forMs: 0, opened: 1 });
  deepEqual(await broker.askProbe('x', 60_000), { kind: 'granted' });
  await broker.unblock('x');
  const wish = { destination: 'x', count: 3, perSecond: 0.001, burst: 2 };
  for (const count of [2, 0]) equal((await broker.takeTokens([wish]))[0]!.count, count);
  const again = await broker.reserveParked('x', 900, BIG_BYTES);
  deepEqual(texts(again), all.slice(0, 900).map(String));
  equal(await broker.discardParked('x'), 100);
  deepEqual(await broker.settle(parks(again, 'x')), { late: 0 });
  deepEqual(await broker.settle(acks(await broker.reserveParked('x', MANY, BIG_BYTES))), { late: 0 });
  deepEqual(await broker.stats(), stats({}));
  deepEqual((await broker.standings(null)).standings, []);
  await admin.config('SET', 'maxmemory', '0');
});

test('a park or a drain that meets a key of another kind takes nothing from where it is', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const tag = `{${queue}}`;
  await broker.publish(envelopes('a', 'b'));
  const claims = await broker.reserve(MANY, BIG_BYTES);
  const isUnfit = { code: 'VOLLEY_BROKER_UNFIT' };
  for (const key of [`${tag}:parked`, `${tag}:park:x`]) {
    await admin.set(key, 'another kind');
    await rejects(broker.settle(parks(claims, 'x')), isUnfit, key);
    await admin.del(key);
  }
  deepEqual(await broker.settle(parks(claims, 'x')), { late: 0 });
  const moves = [() => broker.reserveParked('x', 1, 1), () => broker.discardParked('x')];
  for (const key of [`${tag}:parked`, `${tag}:park:x`]) {
    await admin.rename(key, `${tag}:aside`);
    await admin.set(key, 'another kind');
    for (const move of moves) await rejects(move, isUnfit, key);
    await admin.rename(`${tag}:aside`, key);
  }
  deepEqual(texts(await broker.reserveParked('x', MANY, BIG_BYTES)), ['a', 'b']);
});

test('what is drained and cannot be stored goes back to where it was', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.publish(numbered(6));
  await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  await broker.reserve(1, 1);
  const [lease] = await admin.smembers(`{${queue}}:leases`);
  await admin.set(`{${queue}}:inflight:${lease}`, 'another kind');
  await rejects(broker.reserveParked('x', MANY, BIG_BYTES), { code: 'VOLLEY_BROKER_UNFIT' });
  deepEqual(await broker.stats().catch(({ code }) => code), 'VOLLEY_BROKER_UNFIT');
  await admin.del(`{${queue}}:inflight:${lease}`);
  deepEqual(await broker.stats(), stats({ parked: 6 }));
  deepEqual(texts(await broker.reserveParked('x', MANY, BIG_BYTES)), numbered(6).map(String));
});

test('a key of another kind where destinations are kept is found at start', async (t) => {
  for (const key of ['disabled', 'blocks', 'version', 'changed', 'parked']) {
    const { broker, admin, queue } = brokerOn(t, redis);
    await admin.xadd(`{${queue}}:${key}`, '*', 'another', 'kind');
    await rejects(broker.open(), { code: 'VOLLEY_BROKER_UNFIT' });
  }
});

test('nothing is kept of a destination that is enabled, lifted and drained, but its last change', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.disableDestination('x', 'gone', 1);
  await broker.block('x', { kind: 'open', forMs: 60_000, opened: 1 });
  await broker.publish(numbered(1_200));
  for (let i = 0; i < 2; i++) await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  equal(await broker.enableDestination('x'), 1_200);
  equal(await broker.discardParked('x'), 1_200);
  await broker.takeTokens([{ destination: 'x', count: 1, perSecond: 1_000, burst: 1 }]);
  await until(async () => (await admin.exists(`{${queue}}:rate:x`)) === 0);
  await broker.close();
  deepEqual((await admin.keys(`*${queue}*`)).map((key) => key.split(':').at(-1)).sort(), [
    'changed',
    'leases',
    'version',
  ]);
});

test('a pause that has long been over is forgotten, of however many, and no other block is', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const nowMs = Number((await admin.time())[0]) * 1_000;
  const blocks: Record<string, string> = {
    'an open breaker': `open ${nowMs - 1e6} 1`,
    'a probe': `probing ${nowMs - 1e6} 1`,
    'a pause': `paused ${nowMs + 1e6} 0`,
    'one that has just ended': `paused ${nowMs} 0`,
  };
  const kept = Object.keys(blocks).sort();
  for (let n = 0; n < 1_000; n++) blocks[`x${n}`] = `paused ${nowMs - 61_000} 0`;
  await admin.hset(`{${queue}}:blocks`, blocks);
  const { version } = await broker.standings(null);
  await until(async () => {
    await broker.reclaim();
    return (await admin.hlen(`{${queue}}:blocks`)) === kept.length;
  });
  deepEqual((await admin.hkeys(`{${queue}}:blocks`)).sort(), kept);
  const { standings } = await broker.standings(version);
  deepEqual(
    [standings.length, standings.every(({ block }) => block === null)],
    [1_000, true],
    'that is news',
  );
});

test('a worker that is further behind than what is remembered is told everything', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const block = { kind: 'open', forMs: 60_000, opened: 1 } as const;
  await broker.block('before', block);
  const { version: first } = await broker.standings(null);
  const blockMany = (from: number, to: number) =>
    Promise.all(Array.from({ length: to - from }, (_, i) => broker.block(`x${from + i}`, block)));
  await blockMany(0, 9_999);
  const told = await broker.standings(first);
  deepEqual([told.isComplete, told.standings.length], [false, 9_999]);
  await blockMany(9_999, 10_001);
  const all = await broker.standings(first);
  deepEqual([all.isComplete, all.standings.length], [true, 10_002]);
  deepEqual((await broker.standings(told.version)).standings.length, 2);
  equal(await admin.zcard(`{${queue}}:changed`), 10_000);
});

test('a Redis that has lost its last changes tells everything to those who knew them, and reuses no version', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const block = { kind: 'open', forMs: 60_000, opened: 1 } as const;
  await broker.block('kept', block);
  await broker.block('lost', block);
  const { version } = await broker.standings(null);
  // As starting anew takes longer than this.
  await until(async () => Number((await admin.time())[0]) * 1_000 > version);
  for (const key of ['blocks', 'changed', 'version']) await admin.del(`{${queue}}:${key}`);
  deepEqual(await broker.standings(version), { version: 0, isComplete: true, standings: [] });
  await broker.block('new', block);
  const told = await broker.standings(version);
  deepEqual(
    told.standings.map(({ destination }) => destination),
    ['new'],
  );
  ok(told.version > version);
});

test('processes that are killed while they park and drain lose nothing and keep the order', async (t) => {
  const { broker, queue } = await openOn(t, redis);
  await killWhileParking(t, broker, redis.url, queue);
});

test('what is ready for destinations that are to be passed is parked as a claim meets it, in its order, and nothing else is', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const text = (id: string, destination: string, rest = '') =>
    `{"id":"${id}","destination":"${destination}"${rest},"payload":1}`;
  const passed = Array.from({ length: 600 }, (_, n) => text(`x-${n}`, 'x'));
  const kept = [
    text('y-0', 'y'),
    text('x-ordered', 'x', ',"orderingKey":"k"'),
    // Not as the publisher writes it: claimed, and then the worker's to park.
    '{"destination":"x","id":"x-other","payload":1}',
    text('xx-0', 'xx'),
    'not JSON {"id":"x","destination":"x"',
  ];
  const all = kept.flatMap((envelope, n) => [...passed.slice(n * 120, (n + 1) * 120), envelope]);
  await broker.publish(all.map((envelope) => Buffer.from(envelope)));
  await admin.lpush(`{${queue}}:park:x`, text('x-first', 'x'));
  const told: [string, number][] = [];
  const onParked = (destination: string, count: number) => told.push([destination, count]);
  const passing = { destinations: ['z', 'x'], onParked };
  const claims = [];
  while (claims.length < kept.length) claims.push(...(await broker.reserve(MANY, BIG_BYTES, passing)));
  deepEqual(texts(claims), kept);
  equal(new Set(told.map(([destination]) => destination)).size, 1);
  equal(
    told.reduce((sum, [, count]) => sum + count, 0),
    600,
  );
  await broker.settle(acks(claims));
  deepEqual(await broker.stats(), stats({ parked: 601 }));
  const drained = [];
  for (let some = await broker.reserveParked('x', MANY, BIG_BYTES); some.length > 0; ) {
    drained.push(...some);
    some = await broker.reserveParked('x', MANY, BIG_BYTES);
  }
  deepEqual(texts(drained), [text('x-first', 'x'), ...passed]);
  await broker.settle(acks(drained));
  deepEqual(await broker.stats(), stats({}));
});

test('what a claim parks for a destination that had nothing parked is news for all workers', async (t) => {
  const { broker, queue } = await openOn(t, redis);
  const other = new RedisBroker(redis.url, {
    queue,
    leaseMs: LONG_LEASE_MS,
    commandTimeoutMs: 10_000,
    mintToken,
  });
  await other.open();
  t.after(() => other.close());
  const { version } = await other.standings(null);
  await broker.publish([Buffer.from('{"id":"a","destination":"x","payload":1}')]);
  deepEqual(await broker.reserve(MANY, BIG_BYTES, { destinations: ['x'], onParked: () => {} }), []);
  const { standings } = await other.standings(version);
  deepEqual(
    standings.map(({ destination, parked }) => [destination, parked]),
    [['x', 1]],
  );
});

test('what would go to a parked list that has become something else is claimed, and counts that have stop a claim before anything is taken', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const passing = { destinations: ['x'], onParked: () => {} };
  const event = Buffer.from('{"id":"a","destination":"x","payload":1}');
  await broker.publish([event]);
  await admin.set(`{${queue}}:park:x`, 'not a list');
  const claims = await broker.reserve(MANY, BIG_BYTES, passing);
  equal(claims.length, 1);
  await broker.settle(acks(claims));
  await admin.del(`{${queue}}:park:x`);
  for (const key of ['parked', 'changed', 'version']) {
    const name = `{${queue}}:${key}`;
    await admin.del(name);
    await broker.publish([event]);
    await admin.set(name, 'something else');
    await rejects(broker.reserve(MANY, BIG_BYTES, passing), /another kind/);
    await admin.del(name);
    deepEqual(await broker.stats(), stats({ ready: 1 }), key);
    await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES)));
  }
});
