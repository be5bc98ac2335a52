import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { Pool } from 'undici';
import { contenderNamed } from '../../bench/contenders/contenders.ts';
import { Receivers } from '../../bench/receiver/receivers.ts';
import { run } from '../../bench/run.ts';

const post = { path: '/hooks/orders', method: 'POST', body: '{}' } as const;

test('a receiver answers as it was told to, and counts', async (t) => {
  const receivers = await Receivers.start('http', 2, { kind: 'status', status: 503 });
  t.after(() => receivers.close());
  await receivers.reset();
  const statuses: number[] = [];
  for (const url of receivers.urls) {
    const pool = new Pool(new URL(url).origin);
    const response = await pool.request(post);
    await response.body.dump();
    statuses.push(response.statusCode);
    await pool.close();
  }
  deepEqual(statuses, [503, 503]);
  equal((await receivers.counts()).requests, 2);
});

test('a contender is measured over https with the certificate checked, and every delivery is counted', async (t) => {
  const receivers = await Receivers.start('https', 3, { kind: 'delay', delayMs: 1 });
  t.after(() => receivers.close());
  const job = {
    urls: receivers.urls,
    threads: 2,
    slotsPerThread: 3,
    bodyBytes: 1_024,
    secret: `whsec_${Buffer.from('a key of the tests').toString('base64')}`,
  };
  const spec = { contender: contenderNamed('raw'), job, deliveries: 101, profileDirectory: null };
  const result = await run(spec, receivers);
  equal(result.deliveries, 101);
  equal(result.redisMicrosPerDelivery, null);
  equal(result.deliveriesPerSecond > 0 && result.cpuMicrosPerDelivery > 0, true);
});
