import { deepEqual, equal, match } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { AUTHORITY, keyPair } from '../certificates.ts';
import { rawReceiverOf, serving } from '../receiver.ts';
import { attempting, settingsOf } from './attempting.ts';

const ACCEPTED = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** A TLS receiver that accepts every request, `closing` after it or not; what it saw of each connection is in `sockets`. */
async function tlsReceiverOf(t: TestContext, options: TlsOptions, closing = false) {
  const sockets: { reused: boolean; protocol: string | null; client: string | undefined }[] = [];
  let requests = 0;
  const server = createServer(options, (socket) => {
    sockets.push({
      reused: socket.isSessionReused(),
      protocol: socket.getProtocol(),
      client: (socket.getPeerCertificate().subject as { CN?: string } | undefined)?.CN,
    });
    socket.on('error', () => {});
    socket.on('data', () => {
      requests++;
      socket.write(ACCEPTED);
      if (closing) socket.end();
    });
  });
  server.on('tlsClientError', () => {});
  const { origin } = await serving(t, server, 'https');
  return { port: new URL(origin).port, sockets, requests: () => requests };
}

/** The settings of a destination whose receivers the test's authority vouches for. */
const TRUSTING = { destinations: { r: { route: { ca: AUTHORITY } } } };
const AS_R = { destination: 'r' };

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  test(`${version} is spoken, and a new connection resumes the session of the one before`, async (t) => {
    const receiver = await tlsReceiverOf(
      t,
      { ...keyPair('receiver'), minVersion: version, maxVersion: version },
      true,
    );
    const { attempt } = attempting(t, {}, TRUSTING);
    for (let n = 0; n < 4; n++)
      deepEqual(await attempt(`https://127.0.0.1:${receiver.port}/`, AS_R), {
        kind: 'delivered',
        status: 200,
      });
    deepEqual(
      receiver.sockets.map(({ reused, protocol }) => [reused, protocol]),
      [false, true, true, true].map((reused) => [reused, version]),
    );
  });

test('a receiver that speaks TLS 1.1 at most is not delivered to', async (t) => {
  const receiver = await tlsReceiverOf(t, {
    ...keyPair('receiver'),
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const outcome = await attempting(t, {}, TRUSTING).attempt(`https://127.0.0.1:${receiver.port}/`, AS_R);
  deepEqual(
    { kind: outcome.kind, code: (outcome as { code?: string }).code },
    { kind: 'unreachable', code: 'tls' },
  );
  equal(receiver.requests(), 0);
});

for (const [what, name, settings, reason] of [
  ['has expired', 'expired', TRUSTING, /expired/],
  ['is for another name', 'elsewhere', TRUSTING, /altname|IP: 127\.0\.0\.1 is not in the cert/],
  ['nobody known vouches for', 'receiver', {}, /unable to verify|unable to get/],
] as const)
  test(`a receiver whose certificate ${what} is not delivered to`, async (t) => {
    const receiver = await tlsReceiverOf(t, keyPair(name));
    const outcome = await attempting(t, {}, settings).attempt(`https://127.0.0.1:${receiver.port}/`, AS_R);
    equal(outcome.kind, 'unreachable');
    if (outcome.kind !== 'unreachable') return;
    equal(outcome.code, 'tls');
    match(outcome.error, reason);
    equal(receiver.requests(), 0);
  });

test('a receiver that never finishes the handshake is given up when a connection is due', async (t) => {
  const receiver = await rawReceiverOf(t, () => {}, 'https');
  const timeouts = { connectMs: 100, readMs: 60_000, totalMs: 60_000 };
  const outcome = await attempting(t, { timeouts }).attempt(receiver.origin);
  deepEqual(outcome, { kind: 'unreachable', code: 'connect-timeout', error: 'no connection within 100 ms' });
});

test('a client certificate is shown to a receiver that asks for one, and only by its destination', async (t) => {
  const options = { ...keyPair('receiver'), ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
  const receiver = await tlsReceiverOf(t, options);
  const { cert, key } = keyPair('client');
  const { attempt } = attempting(
    t,
    {},
    {
      destinations: {
        known: { route: { ca: AUTHORITY, clientCertificate: cert, clientKey: key } },
        unknown: { route: { ca: AUTHORITY } },
      },
    },
  );
  const url = `https://127.0.0.1:${receiver.port}/`;
  equal((await attempt(url, { destination: 'known' })).kind, 'delivered');
  equal(receiver.sockets[0]!.client, 'client');
  equal((await attempt(url, { destination: 'unknown' })).kind === 'delivered', false);
  equal(receiver.requests(), 1);
});

test('sockets stay open when settings change that do not concern them', async (t) => {
  const receiver = await tlsReceiverOf(t, keyPair('receiver'));
  const { attempt, attempter } = attempting(t, {}, TRUSTING);
  const url = `https://127.0.0.1:${receiver.port}/`;
  equal((await attempt(url, AS_R)).kind, 'delivered');
  attempter.configure(
    settingsOf({
      signingSecrets: ['a newer secret'],
      destinations: { r: { route: { ca: AUTHORITY }, signatures: ['hub'] }, other: {} },
    }),
  );
  equal((await attempt(url, AS_R)).kind, 'delivered');
  equal(receiver.sockets.length, 1);
  attempter.configure(settingsOf({ destinations: { r: {} } }));
  equal((await attempt(url, AS_R)).kind, 'unreachable', 'without the authority it is trusted no more');
});
