import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import test from 'node:test';
import { receiverOf } from '../receiver.ts';
import { ENOUGH_FOR_ALL_SLOTS, newQueue, redisOfFile, SLOTS, startEngine } from './running.ts';

const redis = redisOfFile();
const parts = { threadEntry: new URL('./deadly-entry.ts', import.meta.url) };

for (const death of ['exit', 'throw']) {
  test(`a delivery that ends its thread (${death}) becomes a dead letter, and costs its neighbours at most a second request each`, async (t) => {
    const queue = await newQueue(t, redis.url);
    const receiver = await receiverOf(t);
    const neighbours = Array.from({ length: 100 }, (_, n) => ({
      id: `n${n}`,
      url: receiver.origin,
      type: 't',
      payload: n,
    }));
    const poison = { id: 'poison', url: receiver.origin, type: `kill.${death}`, payload: 0 };
    await queue.push(...neighbours.toSpliced(randomInt(100), 0, poison));
    const { engine } = await startEngine(t, queue, {}, parts);
    await engine.whenIdle();
    const arrivals = new Map<string, number>();
    for (const { headers } of receiver.requests) {
      const id = headers['x-webhook-id'] as string;
      arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
    }
    deepEqual(new Set(arrivals.keys()), new Set(neighbours.map(({ id }) => id)));
    ok(
      arrivals.values().every((times) => times <= 2),
      'sent a third time',
    );
    // Only what the dead thread had in flight, or had not yet reported, is in doubt.
    ok(
      receiver.requests.length - arrivals.size <= SLOTS,
      `${receiver.requests.length - arrivals.size} sent twice`,
    );
    const [letter, ...others] = await queue.dead();
    equal(others.length, 0);
    equal(letter!.reason, 'poison');
    match(letter!.detail, /^thread-lost: /);
    ok(letter!.envelope.includes(`kill.${death}`));
    equal(engine.snapshot().delivered, neighbours.length);
  });
}

test('after many poisonous deliveries every slot is still used', async (t) => {
  const queue = await newQueue(t, redis.url);
  let atOnce = 0;
  let most = 0;
  const { promise: allThere, resolve: allAreThere } = Promise.withResolvers<void>();
  const { engine, settled, until } = await startEngine(t, queue, {}, parts);
  for (let n = 1; n <= 6; n++) {
    await queue.push({ url: 'http://127.0.0.1/', type: 'kill.exit', payload: n });
    await until(() => settled.length === n);
  }
  deepEqual(new Set(settled.map(({ kind }) => kind)), new Set(['dead']));
  const receiver = await receiverOf(t, async () => {
    most = Math.max(most, ++atOnce);
    if (atOnce === SLOTS) allAreThere();
    await allThere;
    atOnce--;
    return { status: 200 };
  });
  await queue.push(
    ...Array.from({ length: SLOTS }, (_, n) => ({
      url: receiver.origin,
      type: 't',
      payload: n,
      destination: `d${n % ENOUGH_FOR_ALL_SLOTS}`,
    })),
  );
  await engine.whenIdle();
  equal(most, SLOTS);
});
