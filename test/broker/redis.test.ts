import { equal, rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { VolleyError } from '../../src/errors.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { NEVER, PATIENCE_MS, until } from './broker-testing.ts';
import { brokerConformance } from './conformance.ts';

let redis: RedisServer;
before(async () => {
  redis = await startRedis();
});
after(() => redis.stop());

brokerConformance('the Redis broker', (options) => new RedisBroker(redis.url, options));

/** Options of a broker that is opened to see it refused. */
const OPTIONS = { leaseMs: 1_000, commandTimeoutMs: 5_000, mintToken: () => randomUUID() };

for (const [what, path] of [
  ['a database that is not there', '/99'],
  ['a database that is not a number', '/abc'],
]) {
  test(`${what} is refused, and not taken for number 0`, async () => {
    await rejects(
      async () => {
        const broker = new RedisBroker(Object.assign(new URL(redis.url), { pathname: path }).href, {
          queue: randomUUID(),
          ...OPTIONS,
        });
        await broker.open();
      },
      (error: unknown) => error instanceof VolleyError && error.exitCode === 78,
    );
  });
}

test('a lease that ends before each claim is a fault, and not taken for a queue that is empty', async (t) => {
  const queue = randomUUID();
  const patient = new RedisBroker(redis.url, { queue, ...OPTIONS });
  t.after(() => patient.close());
  await patient.open();
  await patient.publish([Buffer.from('a'), Buffer.from('b')]);
  const claim = (await patient.reserve(1, 1))[0]!;
  await patient.settle([{ kind: 'park', claim, destination: 'x' }]);
  const nap = new Int32Array(new SharedArrayBuffer(4));
  const mintToken = () => {
    // Between the opening of a lease and the claim under it.
    Atomics.wait(nap, 0, 0, 40);
    return randomUUID();
  };
  const hasty = new RedisBroker(redis.url, { queue, ...OPTIONS, leaseMs: 10, mintToken });
  t.after(() => hasty.close());
  await hasty.open();
  const fault = { code: 'VOLLEY_BROKER_UNAVAILABLE', message: /raise --lease/ };
  await rejects(hasty.reserve(1, 1), fault);
  await rejects(hasty.reserveParked('x', 1, 1), fault);
  equal((await patient.reserve(1, 1)).length + (await patient.reserveParked('x', 1, 1)).length, 2);
});

test('a Redis that has gone away is reported with what keeps the client from it, not with the call that waited', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  const broker = new RedisBroker(server.url, {
    queue: randomUUID(),
    ...OPTIONS,
    commandTimeoutMs: 2_000,
  });
  t.after(() => broker.close());
  await broker.open();
  await server.kill9();
  // Cut off or given up, as the client has or has not yet seen the end.
  await rejects(broker.stats());
  await rejects(broker.stats(), /cannot be reached \(ECONNREFUSED\): start it/);
});

test('what waits for work is woken by a push also after its connection was lost', async (t) => {
  const queue = randomUUID();
  const broker = new RedisBroker(redis.url, { queue, ...OPTIONS });
  const admin = new Redis(redis.url);
  t.after(() => broker.close());
  t.after(() => admin.disconnect());
  await broker.open();
  let woken = 0;
  const wait = () => broker.waitForWork(4 * PATIENCE_MS, NEVER).then(() => woken++);
  const isBlocked = async () => String(await admin.client('LIST')).includes('cmd=blmove');
  void wait();
  await until(isBlocked);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal');
  await until(async () => woken === 1);
  // While it connects anew it may be woken early.
  await until(async () => {
    if (await isBlocked()) return true;
    await Promise.race([wait(), setTimeout(100)]);
    return false;
  });
  const before = woken;
  await broker.publish([Buffer.from('a')]);
  await until(async () => woken > before);
});
