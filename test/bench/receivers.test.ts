import { deepEqual, equal, rejects } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Client } from 'undici';
import { machineMicros } from '../../bench/clock.ts';
import { contenderNamed } from '../../bench/contenders/contenders.ts';
import { Signer } from '../../bench/contenders/request.ts';
import { latencyFigures } from '../../bench/histogram.ts';
import { eventId } from '../../bench/load/event-id.ts';
import type { Behaviour } from '../../bench/receiver/behaviour.ts';
import { receiverCeiling } from '../../bench/receiver/ceiling.ts';
import { allOk, type GroupOptions, Receivers } from '../../bench/receiver/receivers.ts';
import { run } from '../../bench/run.ts';

const SECRET = `whsec_${Buffer.from('a key of the tests').toString('base64')}`;

async function start(t: TestContext, groups: readonly GroupOptions[]): Promise<Receivers> {
  const receivers = await Receivers.start('http', groups);
  t.after(() => receivers.close());
  return receivers;
}

const groupOf = (behaviour: Behaviour): GroupOptions => ({ name: 'one', destinations: 1, behaviour });

interface Answered {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
}

/** Posts once on a connection of its own. */
async function post(
  url: string,
  { headers = {}, body = '{}', path = new URL(url).pathname } = {},
): Promise<Answered> {
  const client = new Client(new URL(url).origin);
  try {
    const response = await client.request({ path, method: 'POST', headers, body });
    return {
      status: response.statusCode,
      retryAfter: response.headers['retry-after'] as string | undefined,
      body: await response.body.text(),
    };
  } finally {
    await client.destroy();
  }
}

test('a receiver answers with the status and Retry-After it was given, and counts', async (t) => {
  const behaviour = { kind: 'answer', status: 429, retryAfterSeconds: 7 } as const;
  const receivers = await start(t, [{ name: 'one', destinations: 2, behaviour }]);
  for (const url of receivers.urls()) {
    const { status, retryAfter } = await post(url);
    deepEqual([status, retryAfter], [429, '7']);
  }
  equal((await receivers.counts()).requests, 2);
  await receivers.reset();
  equal((await receivers.counts()).requests, 0);
});

test('a port has as many addresses of the loopback as were asked for, and answers on each', async (t) => {
  const receivers = await start(t, [{ ...allOk(1), addresses: 3 }]);
  const hosts = receivers.urls().map((url) => new URL(url).hostname);
  deepEqual(hosts, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  for (const url of receivers.urls()) equal((await post(url)).status, 200);
});

test('a receiver answers after the latency it was given', async (t) => {
  const latency = { kind: 'fixed', ms: 50 } as const;
  const receivers = await start(t, [groupOf({ kind: 'answer', latency })]);
  const before = performance.now();
  equal((await post(receivers.urls()[0]!)).status, 200);
  equal(performance.now() - before >= latency.ms - 1, true);
});

test('a flaky receiver does otherwise for its share, and a path may react in its own way', async (t) => {
  const receivers = await start(t, [
    {
      name: 'one',
      destinations: 1,
      behaviour: {
        kind: 'flaky',
        share: 0.5,
        usually: { kind: 'answer' },
        otherwise: { kind: 'answer', status: 500 },
      },
      paths: { '/gone': { kind: 'answer', status: 410 } },
    },
  ]);
  const [url] = receivers.urls();
  const statuses = new Set<number>();
  while (statuses.size < 2) statuses.add((await post(url!)).status);
  deepEqual([...statuses].sort(), [200, 500]);
  equal((await post(url!, { path: '/gone' })).status, 410);
});

test('a receiver drips, resets or refuses, and heals', async (t) => {
  const receivers = await start(t, [groupOf({ kind: 'refuse' })]);
  const [url] = receivers.urls();
  await rejects(post(url!), { code: 'ECONNREFUSED' });
  await receivers.behave('one', { kind: 'reset' });
  await rejects(post(url!), /ECONNRESET|other side closed/);
  await receivers.behave('one', { kind: 'drip', everyMs: 1, bodyBytes: 5 });
  equal((await post(url!)).body, '.....');
  await receivers.behave('one', { kind: 'answer' });
  equal((await post(url!)).status, 200);
  await receivers.behave('one', { kind: 'refuse' });
  await rejects(post(url!), { code: 'ECONNREFUSED' });
});

test('a hanging receiver takes the request and does not answer', async (t) => {
  const receivers = await start(t, [groupOf({ kind: 'hang' })]);
  const client = new Client(new URL(receivers.urls()[0]!).origin);
  const answer = client.request({ path: '/', method: 'POST', body: '{}' });
  while ((await receivers.counts()).requests === 0);
  await client.destroy();
  await rejects(answer, /destroyed/);
});

test('a watched group counts each event once, by the period in which it was due', async (t) => {
  const receivers = await start(t, [{ ...allOk(2), watched: true }]);
  const [one, other] = receivers.urls();
  const now = machineMicros();
  await receivers.mark('first', now - 2_000_000);
  await receivers.mark('second', now);
  const send = (url: string, number: number, dueMicros: number) =>
    post(url, { headers: { 'x-webhook-id': eventId('all', number, dueMicros) } });
  await send(one!, 0, now - 3_000_000);
  await send(one!, 1, now - 1_500_000);
  await send(other!, 9_000, now - 1_000_000);
  await send(other!, 1, now - 1_500_000);
  await send(one!, 2, now);
  const { requests, repeated, numbers, periods } = await receivers.tally('all');
  deepEqual([requests, repeated, numbers.size, numbers.has(9_000)], [5, 1, 4, true]);
  const [first, second] = [periods.get('first')!, periods.get('second')!];
  deepEqual([first.arrived, second.arrived], [0, 4]);
  const [firstMs, secondMs] = [latencyFigures(first.latency), latencyFigures(second.latency)];
  deepEqual([firstMs.count, secondMs.count], [2, 1]);
  equal(firstMs.p50 >= 999 && firstMs.max >= 1_499, true);
});

test('a receiver checks signatures when asked', async (t) => {
  const receivers = await start(t, [{ ...allOk(1), secret: SECRET }]);
  const pairs = new Signer(SECRET).headers('evt_1', '1', '1', '{"a":1}');
  const headers = Object.fromEntries(
    Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i]!, pairs[2 * i + 1]!]),
  );
  const [url] = receivers.urls();
  await post(url!, { headers, body: '{"a":1}' });
  equal((await receivers.tally('all')).badSignatures, 0);
  await post(url!, { headers, body: '{"a":2}' });
  equal((await receivers.tally('all')).badSignatures, 1);
});

test("the receivers' own ceiling is measured by autocannon, and by wrk where that is installed", async () => {
  const ceiling = await receiverCeiling('https', false, () => {});
  equal(ceiling!.autocannon > 0 && (ceiling!.wrk === null || ceiling!.wrk > 0), true);
});

test('a contender is measured over https with the certificate checked, and every delivery is counted', async (t) => {
  const receivers = await Receivers.start('https', [allOk(3)]);
  t.after(() => receivers.close());
  const job = {
    urls: receivers.urls(),
    threads: 2,
    slotsPerThread: 3,
    bodyBytes: 1_024,
    secret: SECRET,
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
