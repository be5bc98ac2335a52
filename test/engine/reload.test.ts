import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { VolleyError } from '../../src/errors.ts';
import type { SecretProvider } from '../../src/secrets/provider.ts';
import { verify } from '../../src/signing/verify.ts';
import { folderOf } from '../cli/volley.ts';
import { type Answer, type Received, rawReceiverOf, receiverOf } from '../receiver.ts';
import { FaultyBroker } from './faulty-broker.ts';
import {
  connectionTo,
  eachBroker,
  newEngine,
  newQueue,
  redisOfFile,
  startEngine,
  type TestQueue,
} from './running.ts';
import { spawnWorker } from './worker-process.ts';

const brokers = eachBroker();
const redis = redisOfFile();

const signedBy = (request: Received, secret: string) => {
  try {
    return verify({ ...request, secrets: [secret], schemes: ['standard', 'hub'] }) !== null;
  } catch {
    return false;
  }
};

/** A worker of one thread with a secrets file and a config file, and a receiver that knows what each request was signed with. */
async function reloadable(t: TestContext, queue: TestQueue, secrets = 'first') {
  const folder = folderOf(t);
  const paths = { secrets: join(folder, 'secrets'), config: join(folder, 'volley.json') };
  /** Whole: a load under way sees the file from before or this one. */
  const write = (name: keyof typeof paths, text: string) => {
    writeFileSync(`${paths[name]}.new`, text, { mode: 0o600 });
    renameSync(`${paths[name]}.new`, paths[name]);
  };
  write('secrets', secrets);
  write('config', '{}');
  const known = ['first', 'second', 'third', 'fourth', 'fifth', 'last'];
  const by: (string | undefined)[] = [];
  const receiver = await receiverOf(t, (request) => {
    by.push(known.find((secret) => signedBy(request, secret)));
    return { status: 200 };
  });
  const worker = spawnWorker(
    t,
    { ...queue, env: { HMAC_SECRET: undefined } },
    ...['--threads', '1', '--secrets', paths.secrets, '--config', paths.config],
  );
  await worker.started;
  /** Has one event delivered; answers what it was signed with. */
  const deliver = async (destination = 'a') => {
    const before = by.length;
    await queue.push({ url: receiver.origin, type: 't', payload: 1, destination });
    await receiver.until(() => receiver.requests.length > before);
    return by.at(-1);
  };
  const hangUp = () => worker.child.kill('SIGHUP');
  /** Resolves when it has said so for the nth time. */
  const saidTimes = (what: string, times: number) =>
    worker.said(new RegExp(Array.from({ length: times }, () => what).join('[\\s\\S]*')));
  const count = (what: RegExp) => worker.output().match(new RegExp(what, 'g'))?.length ?? 0;
  return { worker, write, paths, receiver, deliver, hangUp, saidTimes, count, by };
}

const RELOADED = 'secrets and destinations reloaded';
const NOT_RELOADED = 'secrets and destinations not reloaded';

for (const [name, queueOf] of Object.entries(brokers)) {
  test(`on ${name}, SIGHUP loads secrets and destinations again, and the socket stays`, async (t) => {
    const queue = await queueOf(t);
    const { worker, write, receiver, deliver, hangUp, saidTimes } = await reloadable(t, queue);
    equal(await deliver(), 'first');
    write('secrets', 'second\n[a]\nthird\n');
    write('config', '{"destinations": {"b": {"headers": {"x-b": "1"}}}}');
    hangUp();
    await saidTimes(RELOADED, 1);
    equal(await deliver('a'), 'third');
    equal(await deliver('b'), 'second');
    equal(receiver.requests.at(-1)!.headers['x-b'], '1');
    equal(receiver.accepted, 1, 'all over one socket');
    worker.child.kill('SIGTERM');
    equal(await worker.exited, 0, worker.output());
  });
}

test('a secrets file that has changed is noticed without a signal', async (t) => {
  const { worker, write, deliver, saidTimes } = await reloadable(t, await brokers.SQLite(t));
  equal(await deliver(), 'first');
  write('secrets', 'second\n');
  await saidTimes(RELOADED, 1);
  equal(await deliver(), 'second');
  worker.child.kill('SIGTERM');
  equal(await worker.exited, 0, worker.output());
});

test('what is wrong with new secrets or settings is said in one line with its place, and those from before stay', async (t) => {
  const queue = await brokers.SQLite(t);
  const { worker, write, paths, deliver, hangUp, saidTimes, count, by } = await reloadable(t, queue);
  equal(await deliver(), 'first');
  const good = '{"destinations": {"a": {"headers": {"x-a": "1"}}}}';
  const wrong: [secrets: string, config: string, message: RegExp][] = [
    ['', good, new RegExp(`${paths.secrets} holds no signing secret`)],
    ['whsec_not base64\n', good, new RegExp(`${paths.secrets}:1: what follows whsec_ is not base64`)],
    ['[a\nsecond\n', good, new RegExp(`${paths.secrets}:1: a heading is`)],
    ['second\n', '{\n"destinations": {"a": }}', new RegExp(`${paths.config}:2:`)],
    [
      'second\n',
      '{"destinations": {"a": {"secret": "none"}}}',
      /destination a .* the secret none, which is not there/,
    ],
    [
      'second\n',
      '{"destinations": {"a": {"read-timeout": "1"}}}',
      new RegExp(`${paths.config}:1:\\d+: .*read-timeout`),
    ],
    [
      'second\n',
      '{"destinations": {"a": {"ca": "none.pem"}}}',
      new RegExp(`${paths.config}:1:\\d+: "ca": .*none.pem is not there`),
    ],
  ];
  for (const [index, [secrets, config, message]] of wrong.entries()) {
    write('secrets', secrets);
    write('config', config);
    hangUp();
    await saidTimes(NOT_RELOADED, index + 1);
    const lines = worker
      .output()
      .split('\n')
      .filter((line) => line.includes(NOT_RELOADED));
    equal(lines.length, index + 1);
    match(lines.at(-1)!, /^level=error|level=error/);
    match(lines.at(-1)!.replaceAll('\\"', '"'), message);
    equal(await deliver(), 'first');
  }
  equal(count(/level=error/), wrong.length);
  write('secrets', 'last\n');
  write('config', good);
  hangUp();
  await saidTimes(RELOADED, 1);
  equal(await deliver(), 'last');
  worker.child.kill('SIGTERM');
  equal(await worker.exited, 0, worker.output());
  ok(
    by.every((secret) => secret !== undefined),
    'each request was signed',
  );
});

test('several SIGHUPs at once, while requests are under way, end with the last secrets in force, and each request is signed', async (t) => {
  const queue = await brokers.SQLite(t);
  const { worker, write, receiver, deliver, hangUp, by } = await reloadable(t, queue);
  const secrets = ['second', 'third', 'fourth', 'fifth', 'last'];
  for (const secret of secrets) {
    const before = by.length;
    await queue.push(...Array.from({ length: 50 }, () => ({ url: receiver.origin, type: 't', payload: 1 })));
    await receiver.until(() => by.length > before);
    write('secrets', `${secret}\n`);
    for (let n = 0; n < 4; n++) hangUp();
  }
  // Until then one that was signed before may come after one that is signed by the last.
  await receiver.until(() => receiver.requests.length >= 50 * secrets.length);
  while ((await deliver()) !== 'last');
  for (let n = 0; n < 5; n++) equal(await deliver(), 'last');
  worker.child.kill('SIGTERM');
  equal(await worker.exited, 0, worker.output());
  ok(
    by.every((secret) => secret !== undefined),
    'each request was signed',
  );
  ok(!worker.output().includes(NOT_RELOADED), worker.output());
});

test('a SIGHUP that comes while the worker starts is heeded afterwards', async (t) => {
  const real = new URL(redis.url);
  const connected = Promise.withResolvers<void>();
  const open = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const slow = await rawReceiverOf(t, async (socket) => {
    connected.resolve();
    await open.promise;
    const upstream = connect(Number(real.port), real.hostname);
    sockets.add(upstream.on('error', () => {}));
    socket.pipe(upstream).pipe(socket);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  const queue = await newQueue(t, redis.url);
  const receiver = await receiverOf(t);
  await queue.push({ url: receiver.origin, type: 't', payload: 1 });
  const worker = spawnWorker(t, { broker: slow.origin.replace('http', 'redis'), queue: queue.queue });
  await connected.promise;
  worker.child.kill('SIGHUP');
  open.resolve();
  await Promise.all([worker.started, worker.said(new RegExp(RELOADED))]);
  await receiver.until(() => receiver.requests.length === 1);
  worker.child.kill('SIGTERM');
  equal(await worker.exited, 0, worker.output());
});

test('a SIGHUP that comes while the worker stops changes nothing', async (t) => {
  const queue = await brokers.SQLite(t);
  const answer = Promise.withResolvers<Answer>();
  const receiver = await receiverOf(t, () => answer.promise);
  await queue.push({ url: receiver.origin, type: 't', payload: 1 });
  const worker = spawnWorker(t, queue);
  await receiver.until(() => receiver.requests.length === 1);
  worker.child.kill('SIGTERM');
  await worker.said(/stopping/);
  for (let n = 0; n < 3; n++) worker.child.kill('SIGHUP');
  answer.resolve({ status: 200 });
  equal(await worker.exited, 0, worker.output());
  ok(!/level=error|reloaded/.test(worker.output()), worker.output());
  deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
});

test('secrets that cannot be read at the start end the worker with 78, and nothing is claimed', async (t) => {
  for (const queueOf of Object.values(brokers)) {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    await queue.push({ url: receiver.origin, type: 't', payload: 1 });
    const path = join(folderOf(t), 'secrets');
    const place = { ...queue, env: { HMAC_SECRET: undefined } };
    const missing = spawnWorker(t, place, '--secrets', path);
    equal(await missing.exited, 78);
    match(missing.output(), new RegExp(`^volley: there is no signing secret: .*${path}.*readable by user `));
    equal(missing.output().trim().split('\n').length, 1);
    deepEqual(await queue.watch.stats(), { ready: 1, leased: 0, delayed: 0, parked: 0, dead: 0 });
    equal(receiver.accepted, 0);
  }
});

/** A provider whose secrets a test changes. */
function changing(...secrets: string[]) {
  const held = { secrets, fault: null as Error | null, onChange: null as (() => void) | null };
  const provider: SecretProvider = {
    place: 'the test',
    load: async () => {
      if (held.fault !== null) throw held.fault;
      return { secrets: { default: held.secrets, byName: {} }, warnings: [] };
    },
    watch: (onChange) => {
      held.onChange = onChange;
      return () => {
        held.onChange = null;
      };
    },
  };
  return { held, provider };
}

test('a thread that dies after a reload is replaced by one that has the new settings', async (t) => {
  const queue = await brokers.Redis(t);
  const receiver = await receiverOf(t);
  const { held, provider } = changing('first');
  const parts = { threadEntry: new URL('./deadly-entry.ts', import.meta.url) };
  const { engine } = await startEngine(t, queue, { secrets: provider, threads: 1 }, parts);
  held.secrets = ['second'];
  await engine.reload();
  await queue.push({ url: receiver.origin, type: 'kill.exit', payload: 1 });
  await engine.whenIdle();
  await queue.push({ url: receiver.origin, type: 't', payload: 1 });
  await engine.whenIdle();
  deepEqual(
    receiver.requests.map((request) => signedBy(request, 'second')),
    [true],
  );
});

test('a reload that is asked for while the engine starts is what counts once it has started', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t);
  const { held, provider } = changing('first');
  const faults = new FaultyBroker(connectionTo(t, queue.broker, queue.queue));
  faults.impose('hang', 'open');
  const { engine } = newEngine(t, queue, { secrets: provider }, { broker: faults.broker });
  const started = engine.start();
  await faults.untilMet('open', 1);
  held.secrets = ['second'];
  const reloaded = engine.reload();
  faults.lift();
  await Promise.all([started, reloaded]);
  await queue.push({ url: receiver.origin, type: 't', payload: 1 });
  await engine.whenIdle();
  ok(signedBy(receiver.requests[0]!, 'second'));
});

test('a reload that fails rejects with what is wrong, and so often as it is asked for; a provider that tells of a change is asked', async (t) => {
  const queue = await brokers.SQLite(t);
  const receiver = await receiverOf(t);
  const { held, provider } = changing('first');
  const { engine, settled, until } = await startEngine(t, queue, { secrets: provider, threads: 1 });
  const deliver = async () => {
    const before = settled.length;
    await queue.push({ url: receiver.origin, type: 't', payload: 1 });
    await until(() => settled.length > before);
    return receiver.requests.at(-1)!;
  };
  held.fault = new VolleyError('VOLLEY_SECRET', 'away');
  await Promise.all([rejects(engine.reload(), held.fault), rejects(engine.reload(), held.fault)]);
  held.onChange!();
  ok(signedBy(await deliver(), 'first'));
  held.fault = null;
  held.secrets = [];
  await rejects(engine.reload(), { code: 'VOLLEY_SECRET' });
  ok(signedBy(await deliver(), 'first'));
  held.secrets = ['second', 'first'];
  held.onChange!();
  while (!signedBy(await deliver(), 'second'));
  await engine.stop();
  equal(held.onChange, null, 'the watch has ended');
});
