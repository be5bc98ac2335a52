import { equal } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Broker, TokenWish } from '../../src/broker/broker.ts';
import { folderOf } from '../cli/volley.ts';
import { receiverOf } from '../receiver.ts';
import { connectionTo, eachBroker, startEngine } from './running.ts';

const brokers = eachBroker();

test('what waits for a rate limit goes as soon as the limit is lifted', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t);
  const config = join(folderOf(t), 'volley.json');
  const limit = (rate: object) =>
    writeFileSync(config, JSON.stringify({ destinations: { a: rate } }), { mode: 0o600 });
  limit({ 'rate-limit': '1/h', 'rate-burst': 1 });
  const refused = Promise.withResolvers<void>();
  const broker = connectionTo(t, queue.broker, queue.queue);
  const takeTokens: Broker['takeTokens'] = async (wishes: readonly TokenWish[]) => {
    const grants = await Object.getPrototypeOf(broker).takeTokens.call(broker, wishes);
    // What is answered has been heard by then.
    if (grants[0].count === 0) setImmediate(() => setImmediate(refused.resolve));
    return grants;
  };
  const parts = { broker: Object.assign(broker, { takeTokens }) };
  const { engine, settled, until } = await startEngine(t, queue, { config }, parts);
  const push = (payload: number) =>
    queue.push({ url: receiver.origin, type: 't', payload, destination: 'a' });
  // One by one: where both are claimed together, leave is asked for both, and granted for one.
  await push(0);
  await until(() => settled.length === 1);
  await push(1);
  await refused.promise;
  limit({});
  await engine.reload();
  await until(() => settled.length === 2);
  equal(receiver.requests.length, 2);
  await engine.stop();
});
