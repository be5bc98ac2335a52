import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import test from 'node:test';
import { receiverOf } from '../receiver.ts';
import { newQueue, redisOfFile, startEngine } from './running.ts';

const redis = redisOfFile();
const parts = { threadEntry: new URL('./deadly-entry.ts', import.meta.url) };

for (const death of ['exit', 'throw', 'memory']) {
  test(`a delivery that ends its thread (${death}) becomes a dead letter, and its neighbours are delivered exactly once`, async (t) => {
    const queue = await newQueue(t, redis.url);
    const receiver = await receiverOf(t);
    const neighbours = Array.from({ length: 60 }, (_, n) => ({ id: `n${n}`, url: receiver.origin, type: 't', payload: n }));
    const poison = { id: 'poison', url: receiver.origin, type: `kill.${death}`, payload: 0 };
    await queue.push(...neighbours.toSpliced(randomInt(60), 0, poison));
    const { engine } = await startEngine(t, queue, {}, parts);
    await engine.whenIdle();
    deepEqual(
      receiver.requests.map(({ headers }) => headers['x-webhook-id']).sort(),
      neighbours.map(({ id }) => id).sort(),
    );
    const [letter, ...others] = await queue.dead();
    equal(others.length, 0);
    equal(letter!.reason, 'poison');
    match(letter!.detail, /^thread-lost: /);
    ok(letter!.envelope.includes(`kill.${death}`));
  });
}

test('after many poisonous deliveries every slot is still used', async (t) => {
  const queue = await newQueue(t, redis.url);
  let atOnce = 0;
  let most = 0;
  const { promise: allThere, resolve: allAreThere } = Promise.withResolvers<void>();
  const threads = 2;
  const { engine, settled, until } = await startEngine(t, queue, { threads, concurrency: 4 }, parts);
  for (let n = 1; n <= 6; n++) {
    await queue.push({ url: 'http://127.0.0.1/', type: 'kill.exit', payload: n });
    await until(() => settled.length === n);
  }
  deepEqual(new Set(settled.map(({ kind }) => kind)), new Set(['dead']));
  const { availableParallelism } = await import('node:os');
  const slots = threads * Math.ceil((4 * availableParallelism()) / threads);
  const receiver = await receiverOf(t, async () => {
    most = Math.max(most, ++atOnce);
    if (atOnce === slots) allAreThere();
    await allThere;
    atOnce--;
    return { status: 200 };
  });
  await queue.push(...Array.from({ length: slots }, (_, n) => ({ url: receiver.origin, type: 't', payload: n })));
  await engine.whenIdle();
  equal(most, slots);
});
