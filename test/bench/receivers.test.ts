import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { Pool } from 'undici';
import { contenderNamed } from '../../bench/contenders/contenders.ts';
import { Receivers } from '../../bench/receiver/receivers.ts';
import { run } from '../../bench/run.ts';

const post = { path: '/hooks/orders', method: 'POST', body: '{}' } as const;

/** Posts to every receiver; answers the statuses. */
async function postToAll(receivers: Receivers): Promise<number[]> {
  const statuses: number[] = [];
  for (const url of receivers.urls) {
    const pool = new Pool(new URL(url).origin);
    const response = await pool.request(post);
    await response.body.dump();
    statuses.push(response.statusCode);
    await pool.close();
  }
  return statuses;
}

test('a receiver answers with the status it was given, and counts', async (t) => {
  const receivers = await Receivers.start('http', 2, { kind: 'status', status: 503 });
  t.after(() => receivers.close());
  await receivers.reset();
  deepEqual(await postToAll(receivers), [503, 503]);
  equal((await receivers.counts()).requests, 2);
});

test('a receiver answers after the delay it was given', async (t) => {
  const delayMs = 50;
  const receivers = await Receivers.start('http', 1, { kind: 'delay', delayMs });
  t.after(() => receivers.close());
  const before = performance.now();
  deepEqual(await postToAll(receivers), [200]);
  equal(performance.now() - before >= delayMs - 1, true);
});

test('a contender is measured over https with the certificate checked, and every delivery is counted', async (t) => {
  const receivers = await Receivers.start('https', 3, { kind: 'ok' });
  t.after(() => receivers.close());
  const job = {
    urls: receivers.urls,
    threads: 2,
    slotsPerThread: 3,
    bodyBytes: 1_024,
    secret: `whsec_${Buffer.from('a key of the tests').toString('base64')}`,
  };
  const spec = {
    contender: contenderNamed('raw'),
    job,
    count: 301,
    seconds: 0,
    warmUp: 100,
    profileDirectory: null,
  };
  const result = await run(spec, receivers);
  equal(result.deliveries, 301);
  equal(result.redisMicrosPerDelivery, null);
  equal(result.deliveriesPerSecond > 0 && result.cpuMicrosPerDelivery > 0, true);
});
