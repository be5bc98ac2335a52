import { deepEqual, equal, match, ok } from 'node:assert/strict';
import test from 'node:test';
import { rawReceiverOf, receiverOf } from '../receiver.ts';
import { newQueue, redisOfFile, startEngine } from './running.ts';

const redis = redisOfFile();

test('without --allow-* only https on 443 to public addresses is delivered: everything else is a dead letter, and nobody is called', async (t) => {
  const canary = await rawReceiverOf(t, () => {});
  const { port } = new URL(canary.origin);
  const refused: [url: string, detail: RegExp][] = [
    [`http://example.com/`, /use https, or start the worker with --allow-http/],
    [`https://example.com:8443/`, /use 443, or start the worker with --allow-port 8443/],
    [`https://127.0.0.1:${port}/`, /--allow-port/],
    ...['127.0.0.1', '10.1.2.3', '192.168.0.1', '172.16.0.1', '169.254.169.254', '100.64.0.1', '0.0.0.0'].map(
      (host): [string, RegExp] => [
        `https://${host}/`,
        new RegExp(`^${host} is not a public address.*--allow-net`),
      ],
    ),
    // Other ways to write 127.0.0.1.
    ...[
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '127.1',
      '[::ffff:127.0.0.1]',
      '[::7f00:1]',
      '[64:ff9b::7f00:1]',
      '[::1]',
      '[::]',
    ].map((host): [string, RegExp] => [`https://${host}/`, /not a public address/]),
    ...['[fe80::1]', '[fc00::1]', '[2002:7f00:1::]', '[ff02::1]'].map((host): [string, RegExp] => [
      `https://${host}/`,
      /not a public address/,
    ]),
    // A name is judged by its addresses.
    ['https://localhost/', /not a public address/],
  ];
  const queue = await newQueue(t, redis.url);
  await queue.push(...refused.map(([url], i) => ({ id: `u${i}`, url, type: 't', payload: 1 })));
  const { engine, settled } = await startEngine(t, queue, {
    ...{ allowHttp: false, allowNet: [], allowHost: [], allowPort: [] },
  });
  await engine.whenIdle();
  equal(settled.length, refused.length);
  const letters = new Map((await queue.dead()).map((letter) => [letter.id, letter]));
  for (const [i, [url, detail]] of refused.entries()) {
    const letter = letters.get(`u${i}`);
    equal(letter?.reason, 'url-refused', url);
    match(letter!.detail, detail, url);
    equal(letter!.attempts, 0, url);
  }
  equal(canary.accepted, 0);
});

test('each flag allows what it says and no more', async (t) => {
  const receiver = await receiverOf(t);
  const { port } = new URL(receiver.origin);
  // Another spelling, as the last of these, is refused whatever is allowed.
  const hosts = ['127.0.0.1', 'localhost', 'hooks.localhost', '0x7f.1'];
  const all = { allowHttp: true, allowNet: [], allowHost: [], allowPort: [0] };
  const cases: [options: object, reached: string[]][] = [
    [{ ...all, allowNet: ['127.0.0.1/32'], allowPort: [Number(port)] }, hosts.slice(0, 3)],
    [{ ...all, allowNet: ['127.0.0.0/8'] }, hosts.slice(0, 3)],
    [{ ...all, allowNet: ['::1/128'] }, []],
    [{ ...all, allowNet: ['127.0.0.0/8'], allowHttp: false }, []],
    [{ ...all, allowNet: ['127.0.0.2/32', '10.0.0.0/8'] }, []],
    [{ ...all, allowNet: ['127.0.0.0/8'], allowPort: [Number(port) - 1] }, []],
    [{ ...all, allowHost: ['127.0.0.1'] }, ['127.0.0.1']],
    [{ ...all, allowHost: ['LOCALHOST'] }, ['localhost']],
    [{ ...all, allowHost: ['*.localhost'] }, ['hooks.localhost']],
    [{ ...all, allowHost: hosts.slice(0, 3), allowHttp: false }, []],
    [{ ...all, allowHost: hosts.slice(0, 3), allowPort: [] }, []],
  ];
  for (const [options, reached] of cases) {
    const queue = await newQueue(t, redis.url);
    await queue.push(...hosts.map((host) => ({ url: `http://${host}:${port}/`, type: 't', payload: 1 })));
    const { engine } = await startEngine(t, queue, { ...options, threads: 1 });
    const before = receiver.requests.length;
    await engine.whenIdle();
    deepEqual(
      new Set(receiver.requests.slice(before).map(({ headers }) => headers.host)),
      new Set(reached.map((host) => `${host}:${port}`)),
      JSON.stringify(options),
    );
    equal((await queue.dead()).length, hosts.length - reached.length);
    await engine.stop();
  }
});

test('a redirect is a failure and is not followed', async (t) => {
  const canary = await rawReceiverOf(t, () => {});
  const receiver = await receiverOf(t, ({ path }) =>
    path === '/elsewhere'
      ? { status: 307, headers: { location: `${canary.origin}/` } }
      : { status: 301, headers: { location: '/moved' } },
  );
  const queue = await newQueue(t, redis.url);
  await queue.push(
    { id: 'elsewhere', url: `${receiver.origin}/elsewhere`, type: 't', payload: 1 },
    { id: 'same', url: `${receiver.origin}/same`, type: 't', payload: 1 },
  );
  const { engine } = await startEngine(t, queue, { retryScheduleMs: [10] });
  await engine.whenIdle();
  const letters = await queue.dead();
  deepEqual(letters.map(({ id, detail, attempts }) => [id, detail, attempts]).sort(), [
    ['elsewhere', 'http-307', 2],
    ['same', 'http-301', 2],
  ]);
  ok(receiver.requests.every(({ path }) => path !== '/moved'));
  equal(canary.accepted, 0);
});
