/** Large deliveries lie apart from others while they are claimed on Redis (claim-scripts.ts). */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Broker, Claim } from '../../src/broker/broker.ts';
import { LARGE_BYTES } from '../../src/broker/redis/claim-scripts.ts';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { acks, BIG_BYTES, ids, LONG_LEASE_MS, letterOf, MANY, reclaimAll, stats } from './broker-testing.ts';
import { brokerConformance } from './conformance.ts';

const mintToken = idMint(Date.now, randomBytes);
/** White space behind an envelope changes nothing about it. */
const PAD = Buffer.alloc(LARGE_BYTES, ' ');
/** Of many envelopes that are published together every so manieth is large, of few every second; those whose size matters to a test stay as they are. */
const FEW = 50;
const SPARSE = 40;
const SMALL_BYTES = 1_000;

let redis: RedisServer;
before(async () => {
  redis = await startRedis({ aof: 'always' });
});
after(() => redis.stop());

/** A broker whose caller does not see that some of what it publishes is large. */
function padding(broker: Broker): Broker {
  const trim = <Holder extends { envelope: Buffer }>(holder: Holder): Holder => {
    const end = holder.envelope.subarray(-PAD.length).equals(PAD) ? -PAD.length : undefined;
    holder.envelope = holder.envelope.subarray(0, end);
    return holder;
  };
  const padded: Partial<Broker> = {
    publish: (envelopes) => {
      const every = envelopes.length > FEW ? SPARSE : 2;
      return broker.publish(
        envelopes.map((envelope, i) =>
          i % every === 1 && envelope.length < SMALL_BYTES ? Buffer.concat([envelope, PAD]) : envelope,
        ),
      );
    },
    reserve: async (...args) => (await broker.reserve(...args)).map(trim),
    reserveParked: async (...args) => (await broker.reserveParked(...args)).map(trim),
    listDead: async (...args) => (await broker.listDead(...args)).map(trim),
  };
  return new Proxy(broker, {
    get(target, name) {
      const value = padded[name as keyof Broker] ?? Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

brokerConformance('the Redis broker with some envelopes large', (options) =>
  padding(new RedisBroker(redis.url, options)),
);

/** A broker on a queue of its own, and a connection that looks at it. */
async function openOn(t: TestContext, { url }: RedisServer) {
  const queue = `queue-${randomUUID()}`;
  const broker: Broker = new RedisBroker(url, {
    queue,
    leaseMs: LONG_LEASE_MS,
    commandTimeoutMs: 10_000,
    mintToken,
  });
  const admin = new Redis(url);
  t.after(() => broker.close());
  t.after(() => admin.disconnect());
  await broker.open();
  const apart = () => admin.keys(`{${queue}}:inflight:*:*`);
  return { broker, admin, queue, apart };
}

/** Small and large ones: `aBcD` has a small one, a large one, and so on. */
const sized = (names: string) =>
  [...names].map((name) => Buffer.from(name.padEnd(/[A-Z]/.test(name) ? LARGE_BYTES : 10, '.')));
const names = (claims: readonly Claim[]) => claims.map(({ envelope }) => String(envelope)[0]).join('');

/** SORT moves what lies at a list's end since Redis 7. */
async function isMovedBy(admin: Redis): Promise<boolean> {
  return Number(/^redis_version:(\d+)/m.exec(await admin.info('server'))![1]) >= 7;
}

test('what is large lies apart and keeps its place, its bytes and its id, and nothing of it is left', async (t) => {
  const { broker, admin, apart } = await openOn(t, redis);
  const all = sized('aBcDEfG');
  await broker.publish(all);
  const claims = await broker.reserve(MANY, BIG_BYTES);
  deepEqual(
    claims.map(({ envelope }) => envelope),
    all,
  );
  const lists = await apart();
  equal(lists.length, (await isMovedBy(admin)) ? 4 : 0);
  deepEqual(
    lists.map((list) => `evt_${list.split(':').at(-1)}`).toSorted(),
    lists.length === 0 ? [] : ids([claims[1]!, claims[3]!, claims[4]!, claims[6]!]),
  );
  deepEqual(await broker.stats(), stats({ leased: 7 }));
  deepEqual(await broker.settle(acks(claims)), { late: 0 });
  deepEqual(await apart(), []);
  deepEqual(await broker.settle(acks(claims)), { late: 7 });
  deepEqual(await broker.stats(), stats({}));
});

test('what is large is logged once', async (t) => {
  const { broker, admin } = await openOn(t, redis);
  const logged = async () => Number(/^aof_current_size:(\d+)/m.exec(await admin.info('persistence'))![1]);
  await broker.publish(sized('AB'));
  const before = await logged();
  deepEqual(await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES))), { late: 0 });
  const bytes = (await logged()) - before;
  ok(bytes < LARGE_BYTES === (await isMovedBy(admin)), `${bytes} bytes`);
});

test('of large ones behind a small one no more is claimed than there is room for, and in their order', async (t) => {
  const { broker } = await openOn(t, redis);
  const all = 'aBCDEFGHIJKLMNOPQRSTUVWXYZ';
  await broker.publish(sized(all));
  let seen = '';
  while (seen.length < all.length) {
    const claimed = names(await broker.reserve(MANY, 2 * LARGE_BYTES));
    ok(claimed.length <= 3, `${claimed.length} of ${LARGE_BYTES} bytes in twice that`);
    seen += claimed;
  }
  equal(seen, all);
});

test('a retry, a death or a replay that meets a key of another kind loses nothing', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.publish(sized('aB'));
  const claims = await broker.reserve(MANY, BIG_BYTES);
  const isUnfit = { code: 'VOLLEY_BROKER_UNFIT' };
  const whileOther = async (name: string, move: () => Promise<unknown>) => {
    const key = `{${queue}}:${name}`;
    const isThere = (await admin.exists(key)) === 1;
    if (isThere) await admin.rename(key, `${key}:kept`);
    await admin.set(key, 'another kind');
    await rejects(move(), isUnfit, name);
    await admin.del(key);
    if (isThere) await admin.rename(`${key}:kept`, key);
  };
  const retry = () =>
    broker.settle(claims.map((claim) => ({ kind: 'retry', claim, delayMs: 0, attempts: 1 })));
  for (const name of ['delayed', 'delayed:records']) await whileOther(name, retry);
  const die = () => broker.settle(claims.map((claim) => ({ kind: 'dead', claim, letter: letterOf(claim) })));
  for (const name of ['dead', 'dead:envelopes', 'dead:letters']) await whileOther(name, die);
  deepEqual(await die(), { late: 0 });
  await whileOther('dead:letters', () => broker.replayDead({}, MANY));
  equal(await broker.replayDead({}, MANY), 2);
  equal(names(await broker.reserve(MANY, BIG_BYTES)), 'aB');
});

test('a Redis that was killed and started again still holds apart what was claimed', async (t) => {
  const server = await startRedis({ aof: 'always' });
  t.after(() => server.stop());
  const { broker, admin } = await openOn(t, server);
  await broker.publish(sized('aBCd'));
  const claims = await broker.reserve(3, BIG_BYTES);
  await server.kill9();
  await server.restart();
  await admin.ping();
  await broker.close();
  const other = new RedisBroker(server.url, {
    queue: (await admin.keys('queue-*'))[0]!,
    leaseMs: LONG_LEASE_MS,
    commandTimeoutMs: 10_000,
    mintToken,
  });
  t.after(() => other.close());
  await other.open();
  const lapse = await admin.keys('*:hb:*');
  if (lapse.length > 0) await admin.del(...lapse);
  await reclaimAll(other, 3);
  const again = await other.reserve(MANY, BIG_BYTES);
  equal(names(again), 'aBCd');
  deepEqual(ids(again).slice(0, 3), ids(claims));
});

test('a Redis that is full still claims, parks, drains and settles what is large', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const { broker, admin, apart } = await openOn(t, server);
  await broker.publish(sized('ABcDeF'));
  await admin.config('SET', 'maxmemory', '100kb');
  await rejects(admin.lpush('anything', 'x'), /OOM/);
  const [first, second, third, ...rest] = await broker.reserve(5, BIG_BYTES);
  equal(names([first!, second!, third!, ...rest]), 'ABcDe');
  const parked = await broker.settle([
    { kind: 'park', claim: first!, destination: 'x' },
    { kind: 'retry', claim: second!, delayMs: 0, attempts: 1 },
    { kind: 'release', claim: third! },
    ...acks(rest),
  ]);
  deepEqual(parked, { late: 0 });
  const drained = await broker.reserveParked('x', MANY, BIG_BYTES);
  equal(names(drained), 'A');
  const again = await broker.reserve(MANY, BIG_BYTES);
  deepEqual([...names(again)].toSorted(), ['B', 'F', 'c']);
  deepEqual(await broker.settle(acks([...drained, ...again])), { late: 0 });
  deepEqual(await broker.stats(), stats({}));
  deepEqual(await apart(), []);
  await admin.config('SET', 'maxmemory', '0');
});

test('what is large and cannot be held goes back to where it was', async (t) => {
  const { broker, admin, queue, apart } = await openOn(t, redis);
  await broker.publish(sized('aBCd'));
  equal(names(await broker.reserve(1, BIG_BYTES)), 'a');
  const [inFlight] = await admin.keys(`{${queue}}:inflight:*`);
  await admin.rename(inFlight!, `{${queue}}:aside`);
  await admin.set(inFlight!, 'another kind');
  await rejects(broker.reserve(MANY, BIG_BYTES), /WRONGTYPE|another/);
  deepEqual(await apart(), []);
  await admin.rename(`{${queue}}:aside`, inFlight!);
  equal(names(await broker.reserve(MANY, BIG_BYTES)), 'BCd');
});

test('an element that looks like the mark of what lies apart is a delivery like others', async (t) => {
  const { broker, admin, queue } = await openOn(t, redis);
  await broker.publish([Buffer.from('~')]);
  const [first] = await broker.reserve(1, BIG_BYTES);
  equal(String(first!.envelope), '~');
  await broker.settle([{ kind: 'retry', claim: first!, delayMs: 0, attempts: 1 }]);
  const [again] = await broker.reserve(1, BIG_BYTES);
  deepEqual([String(again!.envelope), again!.attempts], ['~', 1]);
  deepEqual(await broker.settle([{ kind: 'dead', claim: again!, letter: letterOf(again!) }]), { late: 0 });
  equal(await broker.replayDead({}, MANY), 1);
  const [third] = await broker.reserve(1, BIG_BYTES);
  await admin.del(...(await admin.keys(`{${queue}}:hb:*`)));
  equal(await broker.reclaim(), 1);
  const [last] = await broker.reserve(1, BIG_BYTES);
  equal(String(last!.envelope), '~');
  deepEqual(ids([last!]), ids([third!]));
});
