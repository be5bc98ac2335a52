/** What only Redis can meet while it parks: being full, keys that others have written, an enable that is cut short. */
import { deepEqual, equal, rejects } from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Broker } from '../../src/broker/broker.ts';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { acks, BIG_BYTES, envelopes, LONG_LEASE_MS, MANY, numbered, stats, texts } from './broker-testing.ts';
import { parks } from './parking.ts';

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

test('a Redis that is full still disables, parks, enables and is drained', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const { broker, admin } = await openOn(t, server);
  const all = Array.from({ length: 1_000 }, (_, i) => Buffer.from(String(i).padEnd(1_000, '.')));
  await broker.publish(all);
  const claims = await broker.reserve(MANY, BIG_BYTES);
  await admin.config('SET', 'maxmemory', '1mb');
  await rejects(admin.lpush('anything', 'x'), /OOM/);
  equal(await broker.disableDestination('x', 'gone', 1), true);
  equal(await broker.disableDestination('x', 'gone', 1), false);
  deepEqual(await broker.settle(parks(claims, 'x')), { late: 0 });
  deepEqual(await broker.stats(), stats({ parked: 1_000 }));
  deepEqual(await broker.disabledDestinations(), [
    { destination: 'x', by: 'gone', sinceMs: 1, parked: 1_000 },
  ]);
  equal(await broker.enableDestination('x'), 1_000);
  const again = await broker.reserve(MANY, BIG_BYTES);
  deepEqual(texts(again), all.map(String));
  deepEqual(await broker.settle(parks(again, 'x')), { late: 0, enabled: ['x'] });
  deepEqual(await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES))), { late: 0 });
  deepEqual(await broker.stats(), stats({}));
  await admin.config('SET', 'maxmemory', '0');
});

test('a park that meets a key of another kind takes nothing from the worker', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  const tag = `{${queue}}`;
  await broker.disableDestination('x', 'gone', 1);
  await broker.publish(envelopes('a', 'b'));
  const claims = await broker.reserve(MANY, BIG_BYTES);
  for (const key of [queue, `${tag}:parked`, `${tag}:park:x`]) {
    await admin.set(key, 'another kind');
    await rejects(broker.settle(parks(claims, 'x')), { code: 'VOLLEY_BROKER_UNFIT' }, key);
    await admin.del(key);
  }
  await admin.rename(`${tag}:disabled`, `${tag}:aside`);
  await admin.set(`${tag}:disabled`, 'another kind');
  await rejects(broker.settle(parks(claims, 'x')), { code: 'VOLLEY_BROKER_UNFIT' });
  await admin.rename(`${tag}:aside`, `${tag}:disabled`);
  deepEqual(await broker.settle(parks(claims, 'x')), { late: 0 });
  await admin.set(queue, 'another kind');
  await rejects(broker.enableDestination('x'), { code: 'VOLLEY_BROKER_UNFIT' });
  await admin.del(queue);
  equal(await broker.enableDestination('x'), 2);
  deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['a', 'b']);
});

test('a key of another kind where destinations are kept is found at start', async (t) => {
  for (const key of ['disabled', 'parked']) {
    const { broker, admin, queue } = brokerOn(t, redis);
    await admin.set(`{${queue}}:${key}`, 'another kind');
    await rejects(broker.open(), { code: 'VOLLEY_BROKER_UNFIT' });
  }
});

test('an enable that is cut short is shown, and the next one finishes it', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.disableDestination('x', 'gone', 1);
  await broker.publish(numbered(3));
  await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  // What a process that is killed after its first step has done.
  await admin.hdel(`{${queue}}:disabled`, 'x');
  deepEqual(await broker.disabledDestinations(), [{ destination: 'x', by: null, sinceMs: null, parked: 3 }]);
  deepEqual(await broker.stats(), stats({ parked: 3 }));
  equal(await broker.enableDestination('x'), 3);
  equal(await broker.enableDestination('x'), null);
  deepEqual(await broker.stats(), stats({ ready: 3 }));
});

test('nothing is kept of a destination that is enabled and has nothing parked', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.disableDestination('x', 'gone', 1);
  await broker.publish(numbered(1_200));
  for (let i = 0; i < 2; i++) await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
  equal(await broker.enableDestination('x'), 1_200);
  await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES)));
  await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES)));
  await broker.close();
  deepEqual(
    (await admin.keys(`*${queue}*`)).filter((key) => !key.endsWith(':leases')),
    [],
  );
});
