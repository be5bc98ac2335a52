import { deepEqual, equal, match, rejects, throws } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Claim } from '../../src/broker/broker.ts';
import type { VolleyEvent } from '../../src/delivery/event.ts';
import { Publisher } from '../../src/publish/publisher.ts';
import { eachBroker, newQueue, redisOfFile, type TestQueue } from '../engine/running.ts';
import { startRedis } from '../redis-server.ts';

const redis = redisOfFile();

function publisherOf(t: TestContext, { broker, queue }: Pick<TestQueue, 'broker' | 'queue'>): Publisher {
  const publisher = new Publisher({ broker, queue });
  t.after(() => publisher.close());
  return publisher;
}

/** A client of the test's own on the server of this file. */
function clientOf(t: TestContext): Redis {
  const client = new Redis(redis.url);
  t.after(() => client.disconnect());
  return client;
}

function event(n: number, more: Partial<VolleyEvent> = {}): VolleyEvent {
  return { url: 'https://example.com/hooks', type: 'order.updated', payload: { n }, ...more };
}

async function takeAll({ watch }: TestQueue): Promise<Claim[]> {
  return watch.reserve(10_000, 1e9);
}

const envelopeOf = ({ envelope }: Claim) => JSON.parse(envelope.toString()) as Record<string, unknown>;

for (const [kind, newQueueOf] of Object.entries(eachBroker())) {
  test(`${kind}: publishing resolves with ids once the broker has the events, in order`, async (t) => {
    const queue = await newQueueOf(t);
    const publisher = publisherOf(t, queue);
    const single = publisher.publish(event(0, { id: 'mine' }));
    const several = publisher.publish([event(1), event(2)]);
    const last = publisher.publish(event(3));
    equal(await single, 'mine');
    const ids = [...(await several), await last];
    for (const id of ids) match(id, /^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
    deepEqual(ids, ids.toSorted());
    const claims = await takeAll(queue);
    deepEqual(
      claims.map(envelopeOf).map(({ id, payload }) => [id, (payload as { n: number }).n]),
      ['mine', ...ids].map((id, n) => [id, n]),
    );
  });

  test(`${kind}: closing waits for what was accepted, and nothing is accepted afterwards`, async (t) => {
    const queue = await newQueueOf(t);
    const publisher = publisherOf(t, queue);
    const published = Array.from({ length: 1_200 }, (_, n) => publisher.publish(event(n)));
    await Promise.all([publisher.close(), publisher.close()]);
    equal((await queue.watch.stats()).ready, 1_200);
    await Promise.all(published);
    await rejects(publisher.publish(event(0)), { code: 'VOLLEY_CLOSED' });
  });
}

test('an event that cannot be delivered is named, and nothing of its call is queued', async (t) => {
  const queue = await newQueue(t, redis.url);
  const publisher = publisherOf(t, queue);
  await rejects(publisher.publish([event(0), event(1, { id: 'bad', url: 'nowhere' }), event(2)]), {
    code: 'VOLLEY_EVENT_INVALID',
    message:
      'event 1 (id "bad"): "url" is not an absolute URL such as https://example.com/hooks; nothing of this call was queued',
  });
  const bad = [
    null,
    'text',
    {},
    event(0, { payload: undefined }),
    event(0, { payload: 'x'.repeat(2_097_151) }),
  ];
  for (const given of bad)
    await rejects(publisher.publish(given as VolleyEvent), {
      code: 'VOLLEY_EVENT_INVALID',
      message: /^the event: /,
    });
  deepEqual(await publisher.publish([]), []);
  equal((await queue.watch.stats()).ready, 0);
});

test('an event is queued with its order and its times, and one that could never be sent is refused', async (t) => {
  const queue = await newQueue(t, redis.url);
  const publisher = publisherOf(t, queue);
  const deliverAt = new Date(Date.UTC(2026, 10, 23, 18));
  await publisher.publish(event(0, { orderingKey: 'order 7', deliverAt, expiresAt: '2026-11-23T18:00:01Z' }));
  const [claim] = await takeAll(queue);
  match(claim!.envelope.toString(), /,"orderingKey":"order 7",.*,"payload":/);
  const envelope = envelopeOf(claim!);
  deepEqual(
    [envelope['deliverAt'], envelope['expiresAt']],
    [deliverAt.getTime(), deliverAt.getTime() + 1_000],
  );
  await rejects(publisher.publish(event(0, { deliverAt, expiresAt: deliverAt })), {
    code: 'VOLLEY_EVENT_INVALID',
    message: /^the event: "expiresAt" is not after "deliverAt", so it could never be sent: set it later/,
  });
  await rejects(publisher.publish(event(0, { deliverAt: new Date(Number.NaN) })), {
    code: 'VOLLEY_EVENT_INVALID',
    message: /"deliverAt" must be ISO 8601/,
  });
});

test('a thousand events published at once take a few commands', async (t) => {
  const queue = await newQueue(t, redis.url);
  const publisher = publisherOf(t, queue);
  const client = clientOf(t);
  await client.config('RESETSTAT');
  await Promise.all(Array.from({ length: 1_000 }, (_, n) => publisher.publish(event(n))));
  match(await client.info('commandstats'), /cmdstat_lpush:calls=2,/);
});

test('a batch that the broker refuses rejects what was in it; later ones are queued', async (t) => {
  const queue = await newQueue(t, redis.url);
  const publisher = publisherOf(t, queue);
  const client = clientOf(t);
  await publisher.publish(event(0));
  await client.del(queue.queue);
  await client.set(queue.queue, 'in the way');
  const refused = [publisher.publish(event(1)), publisher.publish([event(2), event(3)])];
  for (const published of refused) await rejects(published, { code: 'VOLLEY_BROKER_UNFIT' });
  await client.del(queue.queue);
  await publisher.publish(event(4));
  deepEqual(
    (await takeAll(queue)).map((claim) => envelopeOf(claim).payload),
    [{ n: 4 }],
  );
});

test('a broker that cannot be reached rejects, and is tried again by the next call', async (t) => {
  const server = await startRedis();
  t.after(() => server.stop());
  await server.kill9();
  const publisher = publisherOf(t, { broker: server.url, queue: 'q' });
  await rejects(publisher.publish(event(0)), { code: 'VOLLEY_BROKER_UNAVAILABLE' });
  await server.restart();
  match(await publisher.publish(event(1)), /^evt_/);
});

test('a broker URL that names no broker is refused where it is given', () => {
  throws(() => new Publisher({ broker: 'kafka://localhost' }), { code: 'VOLLEY_CONFIG' });
});

test('a publisher that was never used closes', async () => {
  await new Publisher({ broker: 'redis://127.0.0.1:1' }).close();
});
