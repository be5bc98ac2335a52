import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKS } from '../../src/doctor/checks.ts';
import type { WorkerFacts } from '../../src/doctor/facts.ts';
import { readWorkers } from '../../src/doctor/read/machine.ts';
import { systemFiles } from '../../src/host/system-files.ts';
import { AUTHORITY, keyPair } from '../certificates.ts';
import { newQueue } from '../engine/running.ts';
import { receiverOf, serving } from '../receiver.ts';
import { startRedis } from '../redis-server.ts';
import { folderOf, start, volley } from './volley.ts';

interface Report {
  readonly status: string;
  readonly findings: readonly { id: string; status: string; evidence: string; fix: string | null }[];
}

const env = { HMAC_SECRET: 'a secret long enough for the test' };

test('a Redis that keeps nothing, and a queue that nobody takes from, are told with the way to mend them', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const queue = await newQueue(t, redis.url);
  await queue.push({ url: 'https://example.com/', type: 'a', payload: 1 });
  const { code, stdout, stderr } = await volley(
    ['doctor', '--json', '--broker', redis.url, '--queue', queue.queue],
    { env },
  );
  deepEqual([code, stderr], [1, '']);
  const { status, findings } = JSON.parse(stdout) as Report;
  equal(status, 'fail');
  const of = (id: string) => findings.find((finding) => finding.id === id)!;
  equal(of('broker').status, 'ok');
  match(of('redis-persistence').evidence, /no AOF/);
  match(of('redis-persistence').fix!, /CONFIG SET appendonly yes/);
  match(of('queue').evidence, /^1 ready, 0 leased.*nobody takes/);
  equal(of('secrets').status, 'ok');
  ok(!stdout.includes(env.HMAC_SECRET));
  // Without a target nothing is said of one; everything else is there, in order.
  deepEqual(
    findings.map(({ id }) => id),
    CHECKS.map(({ id }) => id).filter((id) => !id.startsWith('target-')),
  );
});

test('a person gets a mark, the evidence and the way to mend it, without colour where nobody sees any', async (t) => {
  const cwd = folderOf(t);
  const receiver = await receiverOf(t, () => ({ status: 405 }));
  const secrets = join(cwd, 'secrets');
  writeFileSync(secrets, 'one that everybody may read\n');
  chmodSync(secrets, 0o644);
  const reach = ['--allow-http', '--allow-net', '127.0.0.0/8', '--allow-port', '0'];
  const { code, stdout, stderr } = await volley(
    ['doctor', '--target', `${receiver.origin}/hooks`, '--secrets', secrets, ...reach],
    { cwd },
  );
  equal(stderr, '');
  match(stdout, /^✓ kernel: \d/m);
  match(stdout, /^! signing secrets: .* readable by every user: run "chmod 640 .*"\n {4}→ /m);
  match(stdout, /^\? broker: there is no SQLite file volley\.db.*\n {4}→ .*--broker/m);
  match(stdout, /^✓ answer: HEAD 405/m);
  match(stdout, /\n\n\d+ well/);
  ok(!stdout.includes('\u001b'));
  equal(code, stdout.includes('✗') ? 1 : 0);
  deepEqual(
    receiver.requests.map(({ method, path, body }) => [method, path, body.length]),
    [
      ['HEAD', '/hooks', 0],
      ['HEAD', '/hooks', 0],
    ],
  );
  // Not an event: a receiver that would act on one has nothing to take this for.
  for (const { headers } of receiver.requests)
    ok(!Object.keys(headers).some((name) => /signature|webhook/.test(name)));
});

test('a Redis that takes no such user is told apart from one that is not there', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.stop());
  const url = redis.url.replace('//', '//somebody:hunter2@');
  const { stdout } = await volley(['doctor', '--json', '--broker', url], { env });
  const told = (JSON.parse(stdout) as Report).findings.filter(({ id }) => /broker|queue|dead/.test(id));
  deepEqual(
    told.map(({ id, status }) => [id, status]),
    [['broker', 'fail']],
  );
  match(told[0]!.evidence, /refuses the user or password/);
  ok(!stdout.includes('hunter2'));
});

test('a broker that is not there, and secrets that are not, fail', async (t) => {
  const { code, stdout } = await volley(
    ['doctor', '--json', '--broker', 'redis://127.0.0.1:1', '--secrets', 'none'],
    {
      cwd: folderOf(t),
    },
  );
  const { findings } = JSON.parse(stdout) as Report;
  equal(code, 1);
  match(findings.find(({ id }) => id === 'broker')!.evidence, /cannot be reached \(ECONNREFUSED\)/);
  equal(findings.find(({ id }) => id === 'secrets')!.status, 'fail');
});

test('a receiver is called by its settings in the config file, as a worker would', async (t) => {
  const cwd = folderOf(t);
  const { cert, key } = keyPair('client');
  const options = { ...keyPair('receiver'), ca: AUTHORITY, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, (_, response) => response.writeHead(405).end());
  server.on('tlsClientError', () => {});
  const { origin } = await serving(t, server, 'https');
  for (const [name, text] of Object.entries({ ca: AUTHORITY, cert, key }))
    writeFileSync(join(cwd, name), text, { mode: 0o600 });
  const own = { ca: 'ca', 'client-certificate': 'cert', 'client-key': 'key' };
  const destinations = { acct_42: own, behind: { proxy: 'http://someone:hunter2@127.0.0.1:1' } };
  writeFileSync(join(cwd, 'volley.json'), JSON.stringify({ 'allow-net': ['127.0.0.0/8'], destinations }));
  const reach = ['--allow-port', '0', '--config', 'volley.json'];
  const look = async (...flags: string[]) => {
    const args = ['doctor', '--json', '--target', `${origin}/hooks`, ...reach, ...flags];
    const { stdout, stderr, code } = await volley(args, { cwd, env });
    ok(!stdout.includes('hunter2'));
    if (stdout === '') return { stderr, code, of: {} as Record<string, Report['findings'][number]> };
    const { findings } = JSON.parse(stdout) as Report;
    return { stderr, code, of: Object.fromEntries(findings.map((each) => [each.id, each])) };
  };
  const { of } = await look('--destination', 'acct_42');
  match(of['target-guard']!.evidence, /, by its settings at volley\.json:1:\d+$/);
  deepEqual(
    ['target-certificate', 'target-answer'].map((id) => of[id]?.status),
    ['ok', 'ok'],
  );
  const stranger = (await look()).of;
  equal(stranger['target-certificate']!.status, 'fail');
  match(stranger['target-answer']!.fix!, /wants a client certificate/);
  const behind = (await look('--destination', 'behind')).of;
  match(behind['target-guard']!.evidence, /through the proxy 127\.0\.0\.1:1: nobody was called/);
  equal(behind['target-connection'], undefined);
  const { stderr, code } = await look('--destination', 'acct_43');
  equal(code, 64);
  match(stderr, /no settings of "acct_43" are in a config file: correct --destination/);
});

test('a config file that no worker would take is refused', async (t) => {
  const cwd = folderOf(t);
  writeFileSync(join(cwd, 'volley.json'), '{ "destinations": { "acct_42": { "ca": "none" } } }');
  const { code, stdout, stderr } = await volley(['doctor', '--config', 'volley.json'], { cwd, env });
  deepEqual([code, stdout], [78, '']);
  match(stderr, /^volley: volley\.json:1:\d+: .* is not there/);
});

test('a running worker is looked at, and what its receivers refused is told with the likely cause', async (t) => {
  const cwd = folderOf(t);
  const receiver = await receiverOf(t, () => ({ status: 401 }));
  const reach = ['--allow-http', '--allow-net', '127.0.0.0/8', '--allow-port', '0'];
  await volley(['publish', '--url', `${receiver.origin}/`, '--type', 'a', '--payload', '1'], { cwd });
  const worker = start(['worker', ...reach, '--permanent-status', '401'], { cwd, env });
  t.after(() => worker.kill('SIGKILL'));
  let log = '';
  worker.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  while (!log.includes('status=401')) await once(worker.stdout, 'data');
  const { value } = readWorkers(systemFiles()) as { value: readonly WorkerFacts[] };
  const seen = value.find(({ pid }) => pid === worker.pid);
  ok(seen !== undefined && 'value' in seen.openFiles && seen.openFiles.value > 0);
  ok('value' in seen.residentBytes && seen.residentBytes.value > 2 ** 20);
  // When it has ended, it has settled.
  worker.kill('SIGTERM');
  await once(worker, 'close');
  const { stdout } = await volley(['doctor', '--json'], { cwd, env });
  const { findings } = JSON.parse(stdout) as Report;
  const deaths = findings.find(({ id }) => id === 'dead-letters')!;
  deepEqual([deaths.status, deaths.evidence], ['warn', '1 http-401']);
  match(deaths.fix!, /compare the secret on both sides/);
});
