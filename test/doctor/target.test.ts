import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { examine } from '../../src/doctor/check.ts';
import { TARGET_CHECKS } from '../../src/doctor/checks/target.ts';
import type { TargetContact } from '../../src/doctor/facts.ts';
import { readTarget } from '../../src/doctor/read/target.ts';
import { guardOf } from '../../src/guard/guard.ts';
import { AUTHORITY, keyPair } from '../certificates.ts';
import { receiverOf, serving } from '../receiver.ts';
import { WELL } from './facts.ts';

const OPEN = { allowHttp: true, allowNets: ['127.0.0.0/8'], allowHosts: [], allowPorts: [0] };

function look(url: string, { policy = OPEN, readMs = 5_000 } = {}) {
  return readTarget(url, {
    guard: guardOf(policy),
    names: { resolve: async () => ['127.0.0.1'] },
    timeouts: { connectMs: 5_000, readMs },
    userAgent: 'Volley/test',
    route: { ca: AUTHORITY },
    settings: null,
  });
}

/** A TLS receiver that answers everything with 204, and the methods it was asked with. */
async function tlsReceiver(t: TestContext, options: TlsOptions) {
  const methods: string[] = [];
  const server = createServer(options, (request, response) => {
    methods.push(request.method!);
    response.writeHead(204).end();
  });
  server.on('tlsClientError', () => {});
  const { origin } = await serving(t, server, 'https');
  return { url: `${origin.replace('127.0.0.1', 'localhost')}/hooks`, methods };
}

/** What the checks say of a contact: status and evidence by id. */
function judge(contact: TargetContact) {
  const facts = {
    ...WELL,
    target: { ...WELL.target!, contact },
  };
  return Object.fromEntries(examine(TARGET_CHECKS, facts).map((finding) => [finding.id, finding]));
}

test('a receiver with which all is well gets two HEAD requests, and every check says so', async (t) => {
  const { url, methods } = await tlsReceiver(t, keyPair('receiver'));
  const { guard, contact } = await look(url);
  deepEqual([guard.allowed, methods], [true, ['HEAD', 'HEAD']]);
  deepEqual(
    Object.values(judge(contact!)).map(({ status }) => status),
    ['ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
  );
  ok('value' in contact!.tls! && contact!.tls.value.chain.length > 0);
});

test('an expired certificate is told with its date', async (t) => {
  const { url } = await tlsReceiver(t, keyPair('expired'));
  const { status, evidence } = judge((await look(url)).contact!)['target-certificate']!;
  equal(status, 'fail');
  match(evidence, /ended on \d{4}-\d\d-\d\d/);
});

test('a certificate for another name is told', async (t) => {
  const { url } = await tlsReceiver(t, keyPair('elsewhere'));
  const { status, fix } = judge((await look(url)).contact!)['target-certificate']!;
  equal(status, 'fail');
  match(fix!, /for another name/);
});

test('a receiver of TLS 1.1 at most fails, and one of TLS 1.2 at most is taken', async (t) => {
  const old = await tlsReceiver(t, {
    ...keyPair('receiver'),
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const found = judge((await look(old.url)).contact!);
  const refused = found['target-tls']!;
  equal(refused.status, 'fail');
  match(refused.evidence, /\(ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION\): tlsv1 alert protocol version$/);
  match(refused.fix!, /must offer TLS 1\.2 or 1\.3/);
  // That there was no answer either follows from it.
  equal(found['target-answer'], undefined);
  const elder = await tlsReceiver(t, { ...keyPair('receiver'), maxVersion: 'TLSv1.2' });
  const taken = judge((await look(elder.url)).contact!)['target-tls']!;
  equal(taken.status, 'ok');
  match(taken.evidence, /takes TLSv1\.2 \(/);
});

test('a receiver that is silent when more than a packet comes looks like a path that loses large packets', async (t) => {
  // Answers what fits in one packet, and never the rest: what it looks like from here when large packets vanish.
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (chunk.length < 1_400) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  const { origin } = await serving(t, server, 'http');
  const findings = judge((await look(`${origin}/`, { readMs: 1_000 })).contact!);
  equal(findings['target-answer']!.status, 'ok');
  equal(findings['target-packet-size']!.status, 'fail');
  match(findings['target-packet-size']!.evidence, /ETIMEDOUT/);
});

test('a receiver that takes the connection and answers nothing has no large request sent after it', async (t) => {
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    socket.on('error', () => {}).resume();
  });
  const { origin } = await serving(t, server, 'http');
  const findings = judge((await look(`${origin}/`, { readMs: 500 })).contact!);
  equal(findings['target-answer']!.status, 'fail');
  equal(findings['target-packet-size'], undefined);
  equal(connections, 1);
});

test('a connection that is closed before anything is asked ends in a finding', async (t) => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {}).destroySoon();
  });
  const { origin } = await serving(t, server, 'http');
  const answer = judge((await look(`${origin}/`)).contact!)['target-answer']!;
  equal(answer.status, 'fail');
  match(answer.evidence, /\(ECONNRESET\)/);
});

test('a port where nobody listens is told once, with its code', async (t) => {
  const receiver = await receiverOf(t);
  await receiver.close();
  const found = judge((await look(receiver.origin.replace('http:', 'https:'))).contact!);
  const { status, evidence } = found['target-connection']!;
  equal(status, 'fail');
  match(evidence, /ECONNREFUSED/);
  deepEqual(Object.keys(found), ['target-guard', 'target-connection']);
});

test('a receiver that speaks no TLS at all is told apart from one of an old version', async (t) => {
  const receiver = await receiverOf(t);
  const found = judge((await look(receiver.origin.replace('http:', 'https:'))).contact!);
  match(found['target-tls']!.fix!, /something else than TLS is spoken there/);
});

test('nobody is called at a target that the guard refuses', async (t) => {
  const receiver = await receiverOf(t);
  const policy = { allowHttp: true, allowNets: [], allowHosts: [], allowPorts: [0] };
  const { guard, contact } = await look(receiver.origin, { policy });
  deepEqual([guard.allowed, contact, receiver.accepted], [false, null, 0]);
  match(guard.reason!, /loopback/);
});

test('a clock that is away from the receiver’s is measured by its Date', async (t) => {
  const ahead = new Date(Date.now() - 400_000).toUTCString();
  const receiver = await receiverOf(t, () => ({ status: 405, headers: { date: ahead } }));
  const { status, evidence } = judge((await look(receiver.origin)).contact!)['target-clock']!;
  equal(status, 'fail');
  match(evidence, /(?:399|400)\.\d s ahead/);
});
