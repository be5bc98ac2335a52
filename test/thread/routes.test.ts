import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHmac, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { createSecureServer } from 'node:http2';
import { connect, type Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { flattenedDecrypt } from 'jose';
import type { ProxyPolicy } from '../../src/thread/policy.ts';
import { AUTHORITY, keyPair } from '../certificates.ts';
import { nameServerOf } from '../dns-server.ts';
import { rawReceiverOf, receiverOf, serving } from '../receiver.ts';
import { attempting, settingsOf } from './attempting.ts';

const AS_R = { destination: 'r' };

/** An HTTP proxy whose answers a test can choose; the heads of the requests it got are in `heads`. */
async function proxyOf(t: TestContext, answer = 'HTTP/1.1 200 Connection established\r\n\r\n', tls = false) {
  const heads: string[] = [];
  const upstreams = new Set<Socket>();
  const onConnection = (socket: Socket) => {
    socket.once('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      const [host, port] = /^CONNECT (\S+):(\d+) /.exec(heads.at(-1)!)!.slice(1) as [string, string];
      socket.write(answer);
      if (!answer.startsWith('HTTP/1.1 200')) return;
      const upstream = connect(Number(port), host.replace(/[[\]]/g, ''));
      upstreams.add(upstream);
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
      socket.pipe(upstream).pipe(socket);
    });
  };
  t.after(() => {
    for (const upstream of upstreams) upstream.destroy();
  });
  const receiver = tls
    ? await serving(t, createTlsServer(keyPair('receiver'), onConnection), 'https')
    : await rawReceiverOf(t, onConnection);
  return { heads, port: Number(new URL(receiver.origin).port), receiver };
}

const through = (port: number, more: Partial<ProxyPolicy> = {}) => ({
  destinations: {
    r: {
      route: { ca: AUTHORITY, proxy: { host: '127.0.0.1', port, tls: false, authorization: null, ...more } },
    },
  },
});

test('a destination with a proxy is reached through a tunnel to its vetted address, http and https', async (t) => {
  const proxy = await proxyOf(t);
  const names = await nameServerOf(t, () => ({ addresses: ['127.0.0.1'] }));
  const { attempt } = attempting(
    t,
    { dnsServers: [names.address] },
    through(proxy.port, { authorization: 'Basic dXNlcjpwYXNz' }),
  );
  const plain = await receiverOf(t);
  const secure = await secureReceiverOf(t);
  equal((await attempt(plain.origin, AS_R)).kind, 'delivered');
  equal((await attempt(`https://hooks.example.com:${secure.port}/`, AS_R)).kind, 'delivered');
  equal((await attempt(`https://hooks.example.com:${secure.port}/`, AS_R)).kind, 'delivered');
  deepEqual(proxy.heads, [
    `CONNECT 127.0.0.1:${new URL(plain.origin).port} HTTP/1.1\r\nhost: 127.0.0.1:${new URL(plain.origin).port}\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n\r\n`,
    `CONNECT 127.0.0.1:${secure.port} HTTP/1.1\r\nhost: 127.0.0.1:${secure.port}\r\nproxy-authorization: Basic dXNlcjpwYXNz\r\n\r\n`,
  ]);
  deepEqual(secure.authorities, [`hooks.example.com:${secure.port}`, `hooks.example.com:${secure.port}`]);
});

test('the guard judges what is behind a proxy, too: nothing is asked of the proxy', async (t) => {
  const proxy = await proxyOf(t);
  const names = await nameServerOf(t, () => ({ addresses: ['10.1.2.3'] }));
  const { attempt } = attempting(t, { dnsServers: [names.address] }, through(proxy.port));
  const outcome = await attempt('https://hooks.example.com/', AS_R);
  equal(outcome.kind, 'refused');
  equal(proxy.receiver.accepted, 0);
});

for (const [what, answer, expected] of [
  [
    'wants credentials',
    'HTTP/1.1 407 Proxy Authentication Required\r\n\r\n',
    ['local-fault', 'proxy', /407.*USER:PASSWORD/],
  ],
  [
    'does not want to reach it',
    'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno',
    ['unreachable', 'connect-failed', /403/],
  ],
  ['does not speak HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', ['local-fault', 'proxy', /HTTP/]],
  ['answers without end', `HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(5_000)}`, ['local-fault', 'proxy', /HTTP/]],
  [
    'passes on what the receiver says before it is asked',
    'HTTP/1.1 200 OK\r\n\r\n220 mail ready\r\n',
    ['unreachable', 'connect-failed', /before anything was asked/],
  ],
  ['cannot reach the receiver', 'HTTP/1.1 502 Bad Gateway\r\n\r\n', ['unreachable', 'connect-failed', /502/]],
] as const)
  test(`a proxy that ${what} is ${expected[0] === 'local-fault' ? 'our fault' : 'no fault of ours'}`, async (t) => {
    const proxy = await proxyOf(t, answer);
    const outcome = await attempting(t, {}, through(proxy.port)).attempt('http://127.0.0.1:9/', AS_R);
    const { kind, code, error } = outcome as { kind: string; code: string; error: string };
    deepEqual([kind, code], expected.slice(0, 2));
    match(error, expected[2]);
  });

test('a proxy that is not there is our fault', async (t) => {
  const gone = await receiverOf(t);
  await gone.close();
  const port = Number(new URL(gone.origin).port);
  const outcome = await attempting(t, {}, through(port)).attempt('http://127.0.0.1:9/', AS_R);
  const { kind, code, error } = outcome as { kind: string; code: string; error: string };
  deepEqual([kind, code], ['local-fault', 'proxy']);
  match(error, /127\.0\.0\.1:\d+ .*ECONNREFUSED/);
});

test('a proxy that accepts and says nothing: its silence before the tunnel is asked for is ours, after that the receiver’s', async (t) => {
  const silent = await rawReceiverOf(t, () => {});
  const { port } = new URL(silent.origin);
  const timeouts = { connectMs: 100, readMs: 60_000, totalMs: 60_000 };
  const outcomeThrough = async (tls: boolean) => {
    const { attempt } = attempting(t, { timeouts }, through(Number(port), { tls }));
    const { kind, code } = (await attempt('http://127.0.0.1:9/', AS_R)) as { kind: string; code: string };
    return [kind, code];
  };
  deepEqual(await outcomeThrough(true), ['local-fault', 'proxy']);
  deepEqual(await outcomeThrough(false), ['unreachable', 'connect-timeout']);
});

test('a connection comes from the source address', async (t) => {
  let from: string | undefined;
  const receiver = await rawReceiverOf(t, (socket) => {
    from = socket.remoteAddress;
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  });
  const settings = { destinations: { r: { route: { sourceAddress: '127.0.0.7' } } } };
  equal((await attempting(t, {}, settings).attempt(receiver.origin, AS_R)).kind, 'delivered');
  equal(from, '127.0.0.7');
});

test('a source address that this machine does not have is our fault', async (t) => {
  const receiver = await receiverOf(t);
  const settings = { destinations: { r: { route: { sourceAddress: '192.0.2.1' } } } };
  const outcome = await attempting(t, {}, settings).attempt(receiver.origin, AS_R);
  deepEqual(
    { kind: outcome.kind, code: (outcome as { code?: string }).code },
    { kind: 'local-fault', code: 'no-source-address' },
  );
});

/** A receiver that speaks HTTP/2 and HTTP/1.1, as the client likes. */
async function secureReceiverOf(t: TestContext, hold = 0) {
  const versions: string[] = [];
  const authorities: string[] = [];
  const bodies: string[] = [];
  let sessions = 0;
  let held: (() => void)[] = [];
  const server = createSecureServer(
    { ...keyPair('receiver'), allowHTTP1: true },
    async (request, response) => {
      versions.push(request.httpVersion);
      authorities.push(request.headers[':authority'] ?? request.headers.host ?? '');
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      const answer = () => response.writeHead(200).end();
      held.push(answer);
      if (held.length < hold) return;
      for (const each of held) each();
      held = [];
    },
  );
  server.on('secureConnection', () => sessions++);
  const { origin } = await serving(t, server, 'https');
  return {
    port: new URL(origin).port,
    versions,
    authorities,
    bodies,
    sessions: () => sessions,
  };
}

test('HTTP/2 is spoken where the settings allow it and the receiver can: connections are kept as with HTTP/1.1', async (t) => {
  const receiver = await secureReceiverOf(t);
  const settings = {
    destinations: { r: { route: { ca: AUTHORITY, http2: true } }, h1: { route: { ca: AUTHORITY } } },
  };
  const { attempt } = attempting(t, { slots: 20 }, settings);
  const url = `https://127.0.0.1:${receiver.port}/`;
  deepEqual(await attempt(url, { ...AS_R, payload: { a: 1 } }), { kind: 'delivered', status: 200 });
  deepEqual(receiver.bodies, ['{"a":1}']);
  for (let round = 0; round < 5; round++) {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => attempt(url, AS_R)));
    ok(outcomes.every(({ kind }) => kind === 'delivered'));
  }
  deepEqual(new Set(receiver.versions), new Set(['2.0']));
  ok(receiver.sessions() <= 20, 'no more than there are slots');
  for (let n = 0; n < 5; n++) equal((await attempt(url, AS_R)).kind, 'delivered');
  ok(receiver.sessions() <= 20);
  equal((await attempt(url, { destination: 'h1' })).kind, 'delivered');
  equal(receiver.versions.at(-1), '1.1');
});

test('an HTTP/2 receiver that lets requests wait costs attempts, and no thread', async (t) => {
  const receiver = await secureReceiverOf(t, 1_000);
  const settings = { destinations: { r: { route: { ca: AUTHORITY, http2: true } } } };
  const timeouts = { connectMs: 1_000, readMs: 200, totalMs: 1_400 };
  const { attempt } = attempting(t, { slots: 20, timeouts }, settings);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => attempt(`https://127.0.0.1:${receiver.port}/`, AS_R)),
  );
  deepEqual(new Set(outcomes.map((outcome) => 'code' in outcome && outcome.code)), new Set(['read-timeout']));
});

const RSA = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const X25519 = generateKeyPairSync('x25519');

for (const [name, { publicKey, privateKey }, alg] of [
  ['an RSA key', RSA, 'RSA-OAEP-256'],
  ['an EC key', EC, 'ECDH-ES+A256KW'],
  ['an X25519 key', X25519, 'ECDH-ES+A256KW'],
] as const)
  test(`a body for the holder of ${name} is read with the private half alone, and signed as it is sent`, async (t) => {
    const receiver = await receiverOf(t);
    const encryptionKey = { ...publicKey.export({ format: 'jwk' }), kid: 'k1' };
    const { attempt } = attempting(t, {}, { destinations: { r: { encryptionKey } } });
    const payload = { card: '4111 1111', note: 'é' };
    equal((await attempt(receiver.origin, { ...AS_R, payload })).kind, 'delivered');
    const { headers, body } = receiver.requests[0]!;
    equal(headers['content-type'], 'application/jose+json');
    equal(headers['content-length'], String(body.length));
    ok(!body.includes('4111'));
    const jwe = JSON.parse(body.toString());
    const { plaintext, protectedHeader } = await flattenedDecrypt(
      jwe,
      createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    );
    equal(Buffer.from(plaintext).toString(), JSON.stringify(payload));
    deepEqual(
      {
        alg: protectedHeader!.alg,
        enc: protectedHeader!.enc,
        kid: protectedHeader!['kid'],
        cty: protectedHeader!['cty'],
      },
      { alg, enc: 'A256GCM', kid: 'k1', cty: 'application/json' },
    );
    match(headers['x-hub-signature-256'] as string, /^sha256=[0-9a-f]{64}$/);
  });

test('a key that cannot encrypt is our fault, and nothing is sent', async (t) => {
  const receiver = await receiverOf(t);
  const encryptionKey = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' };
  const { attempt } = attempting(t, {}, { destinations: { r: { encryptionKey } } });
  const outcome = await attempt(receiver.origin, AS_R);
  deepEqual(
    { kind: outcome.kind, code: (outcome as { code?: string }).code },
    { kind: 'local-fault', code: 'encryption' },
  );
  equal(receiver.accepted, 0);
});

test('headers of a destination are added, and the event’s own win', async (t) => {
  const receiver = await receiverOf(t);
  const settings = { destinations: { r: { headers: ['x-tenant', '7', 'x-kind', 'usual'] } } };
  const { attempt } = attempting(t, {}, settings);
  await attempt(receiver.origin, { ...AS_R, headers: { 'X-Kind': 'special' } });
  await attempt(receiver.origin, { destination: 'other' });
  deepEqual(
    receiver.requests.map(({ headers }) => [headers['x-tenant'], headers['x-kind']]),
    [
      ['7', 'special'],
      [undefined, undefined],
    ],
  );
});

test('settings are found by the destination’s id, or else by the origin of its URL', async (t) => {
  const receiver = await receiverOf(t);
  const settings = {
    destinations: { r: { headers: ['x-by', 'id'] }, [receiver.origin]: { headers: ['x-by', 'origin'] } },
  };
  const { attempt } = attempting(t, {}, settings);
  await attempt(`${receiver.origin}/a`, AS_R);
  await attempt(`${receiver.origin}/b`, { destination: 'other' });
  await attempt(`${receiver.origin}/c`);
  deepEqual(
    receiver.requests.map(({ headers }) => headers['x-by']),
    ['id', 'origin', 'origin'],
  );
});

test('a destination’s own secret does not hide the settings of its URL’s origin, nor the other way round', async (t) => {
  const receiver = await receiverOf(t);
  const signedWith = (secret: string) =>
    `sha256=${createHmac('sha256', secret).update(receiver.requests.at(-1)!.body).digest('hex')}`;
  const { attempt, attempter } = attempting(
    t,
    {},
    { namedSecrets: { r: ['own'] }, destinations: { [receiver.origin]: { headers: ['x-by', 'origin'] } } },
  );
  await attempt(receiver.origin, AS_R);
  equal(receiver.requests.at(-1)!.headers['x-by'], 'origin');
  equal(receiver.requests.at(-1)!.headers['x-hub-signature-256'], signedWith('own'));
  attempter.configure(
    settingsOf({
      namedSecrets: { [receiver.origin]: ['of the origin'] },
      destinations: { r: { headers: ['x-by', 'id'] } },
    }),
  );
  await attempt(receiver.origin, AS_R);
  equal(receiver.requests.at(-1)!.headers['x-by'], 'id');
  equal(receiver.requests.at(-1)!.headers['x-hub-signature-256'], signedWith('of the origin'));
});

test('secrets that cannot make the signatures asked for are our fault, and nothing goes unsigned', async (t) => {
  const receiver = await receiverOf(t);
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32);
  const settings = {
    namedSecrets: { r: [`whsk_${seed.toString('base64')}`] },
    destinations: { [receiver.origin]: { signatures: ['hub'] as const } },
  };
  const outcome = await attempting(t, {}, settings).attempt(receiver.origin, AS_R);
  deepEqual(
    { kind: outcome.kind, code: (outcome as { code?: string }).code },
    { kind: 'local-fault', code: 'signature' },
  );
  equal(receiver.accepted, 0);
});
