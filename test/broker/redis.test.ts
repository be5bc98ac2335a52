import { rejects } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { RedisBroker } from '../../src/broker/redis/redis-broker.ts';
import { VolleyError } from '../../src/errors.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
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
