import { deepEqual, equal, ok } from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { createLogger } from '../../src/record/log.ts';
import { secretProvider } from '../../src/secrets/provider.ts';
import { AUTHORITY, keyPair } from '../certificates.ts';
import { folderOf } from '../cli/volley.ts';
import { rawReceiverOf, receiverOf } from '../receiver.ts';
import { CANARY } from '../secrets/refusal.ts';
import { eachBroker, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const brokers = eachBroker();

/** What must not show: canaries, and the lines of a client key. */
const KEY_LINE = keyPair('client').key.split('\n')[1]!;
const HIDDEN = [CANARY, Buffer.from(`${CANARY}:${CANARY}`).toString('base64'), KEY_LINE];

function assertHidden(text: string, of: string): void {
  for (const hidden of HIDDEN) ok(!text.includes(hidden), `${of}: ${text.slice(0, 2_000)}`);
}

/** Secrets of every kind, and destinations that fail in every way that these have a part in. */
async function withSecrets(t: TestContext) {
  const folder = folderOf(t);
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  write('ca.pem', AUTHORITY);
  write('client.pem', keyPair('client').cert);
  write('client-key.pem', keyPair('client').key);
  const mutual = { ca: 'ca.pem', 'client-certificate': 'client.pem', 'client-key': 'client-key.pem' };
  const refusing = await rawReceiverOf(t, (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')),
  );
  const gone = await receiverOf(t);
  await gone.close();
  const failing = await receiverOf(t, ({ path }) => ({ status: Number(path.slice(1)) }));
  const proxyOf = (origin: string) => origin.replace('//', `//${CANARY}:${CANARY}@`);
  const config = write(
    'volley.json',
    JSON.stringify({
      destinations: {
        mutual,
        refused: { proxy: proxyOf(refusing.origin) },
        down: { proxy: proxyOf(gone.origin), ...mutual },
        named: { secret: 'named', headers: { authorization: `Bearer ${CANARY}` } },
      },
    }),
  );
  const secrets = write('secrets', `${CANARY} default\n[named]\n${CANARY} named\n`);
  const event = (url: string, destination: string) => ({ url, type: 't', payload: 1, destination });
  const events = [
    event(failing.origin.replace('http:', 'https:'), 'mutual'),
    event(`${failing.origin}/200`, 'refused'),
    event(`${failing.origin}/200`, 'down'),
    event(`${failing.origin}/500`, 'named'),
    event(`${failing.origin}/410`, 'gone'),
    event(`${failing.origin}/404`, 'other'),
    event('http://192.0.2.1/', 'named'),
    event('not a url', 'named'),
  ];
  return { folder, write, config, secrets, events };
}

test('an engine shows no secret in a dump, before, while and after it runs, nor in its log, its counters or its dead letters', async (t) => {
  const queue = await brokers.SQLite(t);
  const { config, secrets, events } = await withSecrets(t);
  let log = '';
  const { engine, settled, until } = await startEngine(t, queue, {
    config,
    secrets: secretProvider({}, { secretsFile: secrets }),
    log: createLogger({ format: 'json', stream: { write: (line) => (log += line) } }),
    logSuccesses: true,
    permanentStatuses: [404],
  });
  const look = (when: string) => {
    for (const [how, text] of [
      ['inspect', inspect(engine, { depth: Infinity, showHidden: true })],
      ['JSON', JSON.stringify(engine)],
      ['text', `${engine}`],
      ['snapshot', JSON.stringify(engine.snapshot())],
      ['settled', JSON.stringify(settled)],
    ] as const)
      assertHidden(text, `${how} ${when}`);
  };
  look('at first');
  await queue.push(...events);
  await until(() => new Set(settled.map(({ destination }) => destination)).size === 6);
  look('in the middle');
  await engine.reload();
  writeFileSync(config, '{"destinations": {"a": {"proxy": "canary:canary"}}}');
  await engine.reload().catch((error: Error) => assertHidden(inspect(error), 'error of a reload'));
  await engine.stop();
  look('at the end');
  assertHidden(log, 'log');
  for (const said of ['"proxy', '407', 'reloaded', 'not reloaded', 'delivery dead', 'disabled'])
    ok(log.includes(said), `${said} is not in the log: ${log}`);
  assertHidden(inspect(await queue.dead(), { depth: Infinity }), 'dead letters');
});

test('a worker with VOLLEY_DEBUG=1 shows no secret, whatever is wrong with its secrets and its config file', async (t) => {
  const queue = await brokers.SQLite(t);
  const { write, config, secrets, events } = await withSecrets(t);
  const env = { HMAC_SECRET: undefined, VOLLEY_DEBUG: '1' };
  const run = (flags: string[], variable?: string) =>
    spawnWorker(t, { ...queue, env: { ...env, HMAC_SECRET: variable } }, ...flags);
  const { privateKey } = generateKeyPairSync('ed25519');
  const configWith = (name: string, settings: object | string) =>
    write(
      `${name}.json`,
      `{"destinations": {"a": ${typeof settings === 'string' ? settings : JSON.stringify(settings)}}}`,
    );
  const fails: [config: string, secrets: string, variable?: string][] = [
    [config, write('bad-1', `whsec_${CANARY}!\n`)],
    [config, secrets, `whsec_${CANARY}!`],
    [configWith('c1', { proxy: `http://${CANARY}:${CANARY}@` }), secrets],
    [configWith('c4', { 'client-key': keyPair('client').key }), secrets],
    [
      configWith('c7', { 'client-certificate': 'client.pem', 'client-key': 'other-key.pem' }),
      write('other-key.pem', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string) && secrets,
    ],
  ];
  await Promise.all(
    fails.map(async ([configFile, secretsFile, variable], index) => {
      const worker = run(['--config', configFile, '--secrets', secretsFile], variable);
      equal(await worker.exited, 78, `${index}: ${worker.output()}`);
      assertHidden(worker.output(), `failure ${index}`);
      ok(worker.output().includes('VolleyError'), 'what VOLLEY_DEBUG=1 prints is there');
    }),
  );
  await queue.push(...events);
  const worker = run(['--config', config, '--secrets', secrets]);
  await worker.said(/destination=gone[\s\S]*/);
  await worker.said(/error="?proxy/);
  worker.child.kill('SIGTERM');
  equal(await worker.exited, 0, worker.output());
  assertHidden(worker.output(), 'a whole run');
  deepEqual((await queue.watch.stats()).leased, 0);
});
