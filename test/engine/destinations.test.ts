import { deepEqual, equal, match, ok, throws } from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { flattenedDecrypt } from 'jose';
import { createLogger } from '../../src/record/log.ts';
import type { SignatureScheme } from '../../src/signing/schemes.ts';
import { verify } from '../../src/signing/verify.ts';
import { AUTHORITY, keyPair } from '../certificates.ts';
import { folderOf, volley } from '../cli/volley.ts';
import { type NameAnswer, nameServerOf } from '../dns-server.ts';
import { type Received, receiverOf } from '../receiver.ts';
import { eachBroker, SECRET, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const brokers = eachBroker();

/** A config file with these destinations, in a folder of its own, and files beside it. */
function configOf(t: TestContext, destinations: object, files: Record<string, string> = {}) {
  const folder = folderOf(t);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  const config = join(folder, 'volley.json');
  writeFileSync(config, JSON.stringify({ destinations }));
  return { config, folder };
}

const event = (url: string, destination?: string, more: object = {}) => ({
  url,
  type: 't',
  payload: destination ?? null,
  ...(destination && { destination }),
  ...more,
});

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`on ${name}, a worker sends each destination its own secret, signatures and headers, as verify() accepts them`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    const byOrigin = await receiverOf(t);
    const { config, folder } = configOf(
      t,
      {
        acct_shared: { secret: 'shared', headers: { 'X-Tenant': '7', 'x-usual': 'config' } },
        acct_stripe: { signatures: ['stripe', 'slack'] },
        [byOrigin.origin]: { headers: { 'x-by': 'origin' } },
      },
      {
        secrets: [
          ...['the default', '[shared]', 'shared, new', 'shared, old'],
          ...['[acct_own]', 'its own', `[${byOrigin.origin}]`, "the origin's"],
        ].join('\n'),
      },
    );
    await queue.push(
      event(receiver.origin, 'acct_shared', { headers: { 'X-Usual': 'event' } }),
      event(receiver.origin, 'acct_stripe'),
      event(receiver.origin, 'acct_own'),
      event(receiver.origin),
      event(byOrigin.origin),
      event(byOrigin.origin, 'acct_elsewhere'),
    );
    const worker = spawnWorker(
      t,
      { ...queue, env: { HMAC_SECRET: undefined } },
      ...['--once', '--config', config, '--secrets', join(folder, 'secrets')],
    );
    equal(await worker.exited, 0, worker.output());
    const of = (payload: string | null, requests = receiver.requests) =>
      requests.find(({ body }) => body.toString() === JSON.stringify(payload))!;
    const isSigned = (request: Received, secret: string, schemes: SignatureScheme[]) => {
      equal(verify({ ...request, secrets: [secret], schemes }).scheme, schemes[0]);
      throws(() => verify({ ...request, secrets: ['another'], schemes }), {
        code: 'VOLLEY_SIGNATURE_INVALID',
      });
    };
    const shared = of('acct_shared');
    isSigned(shared, 'shared, new', ['standard', 'hub']);
    isSigned(shared, 'shared, old', ['standard']);
    deepEqual([shared.headers['x-tenant'], shared.headers['x-usual']], ['7', 'event']);
    const stripe = of('acct_stripe');
    isSigned(stripe, 'the default', ['stripe', 'slack']);
    deepEqual(
      [stripe.headers['webhook-signature'], stripe.headers['x-hub-signature-256']],
      [undefined, undefined],
    );
    isSigned(of('acct_own'), 'its own', ['standard', 'hub']);
    isSigned(of(null), 'the default', ['standard', 'hub']);
    equal(of(null).headers['x-tenant'], undefined);
    for (const payload of [null, 'acct_elsewhere']) {
      isSigned(of(payload, byOrigin.requests), "the origin's", ['standard', 'hub']);
      equal(of(payload, byOrigin.requests).headers['x-by'], 'origin');
    }
  });

  test(`on ${name}, a status that is permanent, for all or for one destination, is a dead letter at once, listed as rejected`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t, ({ path }) => ({
      status: Number(path.slice(1)),
      body: 'no such hook',
    }));
    const { config } = configOf(t, { own: { 'permanent-status': [401] }, none: { 'permanent-status': [] } });
    const cases: [status: number, destination: string, requests: number, reason: string][] = [
      [404, 'other', 1, 'rejected'],
      [401, 'other', 2, 'exhausted'],
      [404, 'own', 2, 'exhausted'],
      [401, 'own', 1, 'rejected'],
      [404, 'none', 2, 'exhausted'],
      [500, 'other', 2, 'exhausted'],
    ];
    await queue.push(
      ...cases.map(([status, destination]) =>
        event(`${receiver.origin}/${status}`, destination, { id: `${destination}-${status}` }),
      ),
    );
    const flags = ['--config', config, '--permanent-status', '404', '--retry-schedule', '10ms'];
    const worker = spawnWorker(t, queue, '--once', ...flags);
    equal(await worker.exited, 0, worker.output());
    const letters = new Map((await queue.dead()).map((letter) => [letter.id, letter]));
    for (const [status, destination, requests, reason] of cases) {
      const id = `${destination}-${status}`;
      const letter = letters.get(id)!;
      deepEqual([letter.reason, letter.attempts], [reason, requests], id);
      deepEqual(letter.response, { status, body: 'no such hook', retryAfter: null });
      equal(receiver.requests.filter(({ headers }) => headers['x-webhook-id'] === id).length, requests, id);
    }
    const { stdout } = await volley([
      'dead',
      'list',
      '--json',
      '--reason',
      'rejected',
      '--broker',
      queue.broker,
      '--queue',
      queue.queue,
    ]);
    deepEqual(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id)
        .sort(),
      ['other-404', 'own-401'],
    );
  });
}

test('each destination has its own retry schedule, by its id or by the origin of its URL', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t, () => ({ status: 503 }));
  const { config } = configOf(t, {
    once: { 'retry-schedule': [] },
    thrice: { 'retry-schedule': ['10ms', '10ms'] },
    [receiver.origin]: { 'retry-schedule': ['10ms', '10ms', '10ms'] },
  });
  const destinations = ['once', 'thrice', 'by-origin'];
  await queue.push(...destinations.map((name) => event(receiver.origin, name)), event(receiver.origin));
  const { engine } = await startEngine(t, queue, { config });
  await engine.whenIdle();
  deepEqual(
    [...destinations, null].map(
      (name) => receiver.requests.filter(({ body }) => body.toString() === JSON.stringify(name)).length,
    ),
    [1, 3, 4, 4],
  );
});

test('a destination whose time-outs are longer than the worker’s is cut at its own, and one whose are shorter too', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t, ({ path }) =>
    path === '/hang'
      ? new Promise(() => {})
      : new Promise((resolve) => setTimeout(() => resolve({ status: 200 }), 700)),
  );
  const { config } = configOf(t, {
    patient: { 'total-timeout': '1200ms', 'read-timeout': '1100ms' },
    hasty: { 'total-timeout': '100ms' },
  });
  /** How long a status was waited for, in milliseconds; null where it came in time. */
  const cases: [path: string, destination: string, waited: readonly [from: number, to: number] | null][] = [
    ['slow', 'patient', null],
    ['hang', 'patient', [1_000, 2_000]],
    ['slow', 'usual', [300, 1_000]],
    ['slow', 'hasty', [0, 300]],
  ];
  await queue.push(
    ...cases.map(([path, destination]) =>
      event(`${receiver.origin}/${path}`, destination, { id: `${destination}-${path}` }),
    ),
  );
  const { engine } = await startEngine(t, queue, {
    ...{ config, retryScheduleMs: [], connectTimeoutMs: 400, readTimeoutMs: 400, totalTimeoutMs: 500 },
  });
  await engine.whenIdle();
  const letters = new Map((await queue.dead()).map(({ id, detail }) => [id, detail]));
  for (const [path, destination, waited] of cases) {
    const id = `${destination}-${path}`;
    const waitedMs = /^(?:read|total)-timeout: no status (\d+) ms after/.exec(letters.get(id) ?? '')?.[1];
    if (waited === null) equal(letters.get(id), undefined);
    else ok(Number(waitedMs) >= waited[0] && Number(waitedMs) < waited[1], `${id}: ${letters.get(id)}`);
  }
});

test('certificates, authorities and keys of a destination are read from the files that the config names', async (t) => {
  const queue = await brokers.SQLite(t);
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const client = keyPair('client');
  const { config } = configOf(
    t,
    {
      known: {
        ...{ ca: 'ca.pem', 'client-certificate': 'client.pem', 'client-key': 'client-key.pem' },
        ...{ 'encryption-key': 'jwk.json', 'source-address': '127.0.0.9' },
      },
      untrusting: {},
    },
    {
      'ca.pem': AUTHORITY,
      'client.pem': client.cert,
      'client-key.pem': client.key,
      'jwk.json': JSON.stringify(publicKey.export({ format: 'jwk' })),
    },
  );
  const got: { from: string | undefined; type: string | undefined; body: string }[] = [];
  const options = { ...keyPair('receiver'), ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
  const server = createHttpsServer(options, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    got.push({ from: request.socket.remoteAddress, type: request.headers['content-type'], body });
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await queue.push(event(url, 'known'), event(url, 'untrusting', { id: 'untrusting' }));
  const { engine } = await startEngine(t, queue, { config, retryScheduleMs: [] });
  await engine.whenIdle();
  const [letter, ...others] = await queue.dead();
  deepEqual([letter!.id, others], ['untrusting', []]);
  match(letter!.detail, /^tls: /);
  const [request, ...more] = got;
  deepEqual([request!.from, request!.type, more], ['127.0.0.9', 'application/jose+json', []]);
  const { plaintext } = await flattenedDecrypt(JSON.parse(request!.body), privateKey);
  equal(Buffer.from(plaintext).toString(), '"known"');
});

test('a proxy that is down costs its destinations no attempt, and the others go on', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t);
  const reserved = await receiverOf(t);
  const port = Number(new URL(reserved.origin).port);
  await reserved.close();
  const proxy = `http://user:word@127.0.0.1:${port}`;
  // One attempt that counts would be the last.
  const { config } = configOf(t, { proxied: { proxy, 'retry-schedule': [] } });
  await queue.push(event(receiver.origin, 'proxied'));
  const { engine, settled, until } = await startEngine(t, queue, { config });
  await until(() => settled.length === 1);
  deepEqual(settled, [{ destination: 'proxied', kind: 'retry', status: null }]);
  await queue.push(...Array.from({ length: 50 }, () => event(receiver.origin, 'other')));
  await until(() => settled.filter(({ kind }) => kind === 'delivered').length === 50);
  equal(settled.filter(({ kind }) => kind === 'retry').length, 1, 'nothing waited for it');
  const heads = await startProxy(t, port);
  await engine.whenIdle();
  deepEqual(await queue.dead(), []);
  const last = receiver.requests.at(-1)!;
  deepEqual([last.body.toString(), last.headers['x-webhook-attempt']], ['"proxied"', '1']);
  match(heads[0]!, /^CONNECT 127\.0\.0\.1:\d+ [\s\S]*proxy-authorization: Basic dXNlcjp3b3Jk\r\n/);
});

test('name servers that do not answer are told of with what to do, and cost no attempt', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t);
  let answer: NameAnswer = 'silence';
  const names = await nameServerOf(t, () => answer);
  const log: string[] = [];
  const { engine, settled, until } = await startEngine(t, queue, {
    dnsServers: [names.address],
    // One attempt that counts would be the last.
    retryScheduleMs: [],
    log: createLogger({ format: 'json', stream: { write: (line) => log.push(line) } }),
  });
  await queue.push(event(receiver.origin.replace('127.0.0.1', 'hooks.example.com'), 'named'));
  await until(() => settled.length === 1);
  deepEqual(settled, [{ destination: 'named', kind: 'retry', status: null }]);
  equal(log.filter((line) => /"lacking":"dns-down".*--dns-server/.test(line)).length, 1);
  answer = { addresses: ['127.0.0.1'] };
  await queue.push(event(receiver.origin, 'other'));
  await engine.whenIdle();
  deepEqual(receiver.requests.map(({ headers, body }) => `${body} ${headers['x-webhook-attempt']}`).sort(), [
    '"named" 1',
    '"other" 1',
  ]);
  deepEqual(await queue.dead(), []);
});

test('a destination that the config file disables is parked for, and delivered to once a reload finds it no more', async (t) => {
  for (const queueOf of Object.values(brokers)) {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    const { config } = configOf(t, { off: { disabled: true } });
    await queue.push(
      ...Array.from({ length: 20 }, () => event(receiver.origin, 'off')),
      event(receiver.origin, 'on'),
    );
    const { engine } = await startEngine(t, queue, { config });
    await engine.whenIdle();
    deepEqual(
      receiver.requests.map(({ body }) => body.toString()),
      ['"on"'],
    );
    equal((await queue.watch.stats()).parked, 20);
    deepEqual(
      (await queue.watch.standings(null)).standings.map(({ destination, disabled }) => [
        destination,
        disabled?.by,
      ]),
      [['off', 'config']],
    );
    writeFileSync(config, JSON.stringify({ destinations: { on: { disabled: true } } }));
    await engine.reload();
    await queue.push(event(receiver.origin, 'on'));
    await engine.whenIdle();
    equal(receiver.requests.filter(({ body }) => body.toString() === '"off"').length, 20);
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 1, dead: 0 });
    ok(receiver.requests.every((request) => verify({ ...request, secrets: [SECRET] })));
  }
});

/** A proxy at a port of loopback; the heads of what it is asked. */
async function startProxy(t: TestContext, port: number): Promise<string[]> {
  const heads: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => {}));
    socket.once('data', (chunk) => {
      heads.push(chunk.toString('latin1'));
      const [, host, to] = /^CONNECT (\S+):(\d+) /.exec(heads.at(-1)!)!;
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const upstream = connect(Number(to), host!);
      open.add(upstream.on('error', () => socket.destroy()));
      socket.pipe(upstream).pipe(socket);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return heads;
}
