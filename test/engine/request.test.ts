import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import { Webhook } from 'standardwebhooks';
import { SIGNATURE_SCHEMES } from '../../src/signing/schemes.ts';
import { verify } from '../../src/signing/verify.ts';
import { VERSION } from '../../src/version.ts';
import { type Received, receiverOf } from '../receiver.ts';
import { eachBroker, SECRET, startEngine } from './running.ts';

const brokers = eachBroker();
const trustingEntry = new URL('./trusting-entry.ts', import.meta.url);

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`a request from ${name} has exactly what the contract says`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    const beforeSeconds = Math.floor(Date.now() / 1000);
    await queue.push({
      id: 'evt_1',
      url: `${receiver.origin}/hooks?a=1&b=%20c`,
      type: 'order.updated',
      payload: { any: 'json' },
      timestamp: '2026-11-23T18:00:00.750Z',
      destination: 'acct_42',
      headers: { 'X-Tenant': '7' },
    });
    const { engine, settled } = await startEngine(t, queue);
    await engine.whenIdle();
    equal(receiver.requests.length, 1);
    const { method, path, headers, body } = receiver.requests[0]!;
    equal(method, 'POST');
    equal(path, '/hooks?a=1&b=%20c');
    equal(body.toString(), '{"any":"json"}');
    const {
      host,
      connection,
      'webhook-timestamp': attemptSeconds,
      'webhook-signature': signature,
      ...fixed
    } = headers;
    deepEqual(fixed, {
      'content-type': 'application/json',
      'content-length': '14',
      'user-agent': `Volley/${VERSION}`,
      'x-webhook-id': 'evt_1',
      'x-webhook-timestamp': '1795456800',
      'x-webhook-event': 'order.updated',
      'x-webhook-attempt': '1',
      'x-hub-signature-256': `sha256=${createHmac('sha256', SECRET).update(body).digest('hex')}`,
      'webhook-id': 'evt_1',
      'x-tenant': '7',
    });
    equal(host, new URL(receiver.origin).host);
    equal(connection, 'keep-alive');
    match(signature as string, /^v1,[A-Za-z0-9+/]{43}=$/);
    ok(Number(attemptSeconds) >= beforeSeconds && Number(attemptSeconds) <= Date.now() / 1000);
    deepEqual(settled, [{ destination: 'acct_42', kind: 'delivered', status: 200 }]);
    const { delivered, retried, dead, inFlight, waiting } = engine.snapshot();
    deepEqual(
      { delivered, retried, dead, inFlight, waiting },
      { delivered: 1, retried: 0, dead: 0, inFlight: 0, waiting: 0 },
    );
  });
}

test('an event without id and timestamp gets a sortable id, and the second it was taken in', async (t) => {
  const queue = await brokers.Redis(t);
  const receiver = await receiverOf(t);
  const from = Math.floor(Date.now() / 1000);
  await queue.push({ url: `${receiver.origin}/`, type: 'a', payload: null });
  const { engine } = await startEngine(t, queue);
  await engine.whenIdle();
  const { headers, body } = receiver.requests[0]!;
  match(headers['x-webhook-id'] as string, /^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
  equal(headers['webhook-id'], headers['x-webhook-id']);
  const seconds = Number(headers['x-webhook-timestamp']);
  ok(seconds >= from && seconds <= Date.now() / 1000, `${seconds}`);
  equal(body.toString(), 'null');
});

/**
 * Bodies as queued, what is to arrive, and its HMAC as OpenSSL computes it:
 * `printf '%s' BODY | openssl dgst -sha256 -hmac 'a secret of the tests'`.
 */
const BODIES: readonly { name: string; member: string; body: string; hmac: string }[] = [
  {
    name: 'an empty object',
    member: '"payload": { }',
    body: '{}',
    hmac: 'd1717f30bde417aae8fce8b37c59d9adc8f25d231fcdf62af2e95eea4a73bbe4',
  },
  {
    name: 'an empty string',
    member: '"payload":""',
    body: '""',
    hmac: '8a16bf7ce10806db6b83622d80503e1770d76f0a295f18fc311434e89b5026e4',
  },
  {
    name: 'unicode, raw and escaped',
    member: '"payload": {"snow\\u2603": "héllo \u{1f3d0} 日本"}',
    body: '{"snow\\u2603":"héllo \u{1f3d0} 日本"}',
    hmac: '241878602e4340e3df174c1db133a6612c30061ddb3f29d3deb63450ff6cf066',
  },
  {
    name: 'numbers no double holds',
    member: '"payload":[123456789012345678901234567890, 1.10, 1e400, -0]',
    body: '[123456789012345678901234567890,1.10,1e400,-0]',
    hmac: '631d728e96cd3cb53f0fb26b833834f55e7d7f879c630ba73a43b03fec586040',
  },
  {
    name: 'a body given byte for byte',
    member: `"body":${JSON.stringify('{ "b": 1,\n\t"a": "\u00e9" }')}`,
    body: '{ "b": 1,\n\t"a": "\u00e9" }',
    hmac: 'eedc50a8b938afef72f673e361b058840b428f6bfd0e737204a89a0e363537d3',
  },
  {
    name: 'exactly 2 MiB',
    member: `"payload":"${'x'.repeat(2_097_150)}"`,
    body: `"${'x'.repeat(2_097_150)}"`,
    hmac: 'b2c0ff43562e26bcd8d6718354a760467750b04596cfbf8fb68a08b6375ef664',
  },
];

test('bodies of every kind arrive byte for byte, signed as openssl and standardwebhooks check it', async (t) => {
  const queue = await brokers.Redis(t);
  const receiver = await receiverOf(t);
  await queue.push(
    ...BODIES.map(({ member }, i) => `{"id":"b${i}","url":"${receiver.origin}/","type":"t",${member}}`),
  );
  const { engine } = await startEngine(t, queue);
  await engine.whenIdle();
  equal(receiver.requests.length, BODIES.length);
  const webhook = new Webhook(SECRET, { format: 'raw' });
  for (const [i, { name, body, hmac }] of BODIES.entries()) {
    const request = receiver.requests.find(({ headers }) => headers['x-webhook-id'] === `b${i}`)!;
    ok(request.body.equals(Buffer.from(body)), `${name}: the body differs`);
    equal(request.headers['x-hub-signature-256'], `sha256=${hmac}`, name);
    webhook.verify(request.body, request.headers as Record<string, string>);
  }
});

test('every secret signs the Standard Webhooks way, the newest alone the hub way, and whsec_ is base64 there', async (t) => {
  const queue = await brokers.Redis(t);
  const receiver = await receiverOf(t);
  const newest = `whsec_${Buffer.from('a key of 24 bytes, newest').toString('base64')}`;
  const older = `whsec_${Buffer.from('a key of 24 bytes, older!').toString('base64')}`;
  await queue.push({ url: receiver.origin, type: 't', payload: 'ü' });
  const { engine } = await startEngine(t, queue, { signingSecrets: [newest, older, SECRET] });
  await engine.whenIdle();
  const { headers, body } = receiver.requests[0]!;
  equal((headers['webhook-signature'] as string).split(' ').length, 3);
  for (const webhook of [new Webhook(newest), new Webhook(older), new Webhook(SECRET, { format: 'raw' })])
    equal(webhook.verify(body, headers as Record<string, string>), 'ü');
  equal(headers['x-hub-signature-256'], `sha256=${createHmac('sha256', newest).update(body).digest('hex')}`);
});

test('only the signatures asked for are sent', async (t) => {
  const headersWith = async (signatures: ('hub' | 'standard')[]) => {
    const queue = await brokers.Redis(t);
    const receiver = await receiverOf(t);
    await queue.push({ url: receiver.origin, type: 't', payload: 1 });
    const { engine } = await startEngine(t, queue, { signatures });
    await engine.whenIdle();
    return Object.keys((receiver.requests[0] as Received).headers).filter((name) =>
      /signature|^webhook-/.test(name),
    );
  };
  deepEqual(await headersWith(['hub']), ['x-hub-signature-256']);
  deepEqual(await headersWith(['standard']), ['webhook-id', 'webhook-timestamp', 'webhook-signature']);
});

test('what is sent by every scheme arrives as verify() accepts it, one by one and all together', async (t) => {
  const queue = await brokers.Redis(t);
  const receiver = await receiverOf(t);
  await queue.push({ id: 'order.7', url: receiver.origin, type: 't', payload: 'ü' });
  const { engine } = await startEngine(t, queue, { signatures: [...SIGNATURE_SCHEMES] });
  await engine.whenIdle();
  const { headers, body } = receiver.requests[0]!;
  const request = { headers, body, secrets: [SECRET] };
  for (const scheme of SIGNATURE_SCHEMES) equal(verify({ ...request, schemes: [scheme] }).scheme, scheme);
  const { scheme, id } = verify({ ...request, schemes: SIGNATURE_SCHEMES });
  deepEqual([scheme, id], ['standard', 'order.7']);
});

test('https is delivered to a receiver whose certificate is trusted, over one kept connection', async (t) => {
  const queue = await brokers.Redis(t);
  const receiver = await receiverOf(t, undefined, { tls: true });
  const { settled, until } = await startEngine(t, queue, {}, { threadEntry: trustingEntry });
  for (let n = 0; n < 5; n++) {
    await queue.push({ url: `${receiver.origin}/${n}`, type: 't', payload: n });
    await until(() => settled.length === n + 1);
  }
  deepEqual(
    receiver.requests.map(({ path }) => path),
    ['/0', '/1', '/2', '/3', '/4'],
  );
  equal(receiver.accepted, 1);
});
