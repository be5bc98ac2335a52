import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eachBroker, type TestQueue } from '../engine/running.ts';
import { type Answer, receiverOf } from '../receiver.ts';
import { ENTRY, type Ended, ended, folderOf, start } from './volley.ts';

const BROKERS = eachBroker();
const REACH = ['--allow-http', '--allow-net', '127.0.0.0/8', '--allow-port', '0', '--threads', '1'];

interface RunningWorker {
  readonly child: ChildProcessWithoutNullStreams;
  readonly end: Promise<Ended>;
  /** Resolves when the log holds this. */
  logged(text: string): Promise<void>;
}

function workerOf(
  t: TestContext,
  { broker, queue }: TestQueue,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = { HMAC_SECRET: 'hush, says the test' },
): RunningWorker {
  const child = start(['worker', '--broker', broker, '--queue', queue, ...REACH, ...flags], { env });
  t.after(() => child.kill('SIGKILL'));
  const end = ended(child);
  let log = '';
  child.stdout.on('data', (text: string) => {
    log += text;
  });
  const tooEarly = end.then(({ code, stdout, stderr }) => {
    throw new Error(`the worker has ended with ${code}: ${stdout}${stderr}`);
  });
  tooEarly.catch(() => {});
  const logged = async (text: string) => {
    while (!log.includes(text)) await Promise.race([once(child.stdout, 'data'), tooEarly]);
  };
  return { child, end, logged };
}

const eventFor = (origin: string, n = 0) => ({
  url: `${origin}/hooks`,
  type: 'order.updated',
  payload: { n },
});

for (const [kind, newQueueOf] of Object.entries(BROKERS)) {
  test(`${kind}: worker --once delivers what is queued, signed, and exits 0`, async (t) => {
    const queue = await newQueueOf(t);
    const receiver = await receiverOf(t);
    const folder = folderOf(t);
    writeFileSync(join(folder, 'secrets'), '# newest first\nnewest\nolder\n');
    await queue.push(...Array.from({ length: 50 }, (_, n) => eventFor(receiver.origin, n)));
    const { end } = workerOf(t, queue, ['--once', '--secrets', join(folder, 'secrets')], {});
    const { code, stderr } = await end;
    deepEqual([code, stderr], [0, '']);
    equal(receiver.requests.length, 50);
    for (const { headers, body } of receiver.requests)
      equal(
        headers['x-hub-signature-256'],
        `sha256=${createHmac('sha256', 'newest').update(body).digest('hex')}`,
      );
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });

  test(`${kind}: a first signal drains, and the worker exits 0`, async (t) => {
    const queue = await newQueueOf(t);
    const received = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Answer>();
    const receiver = await receiverOf(t, () => {
      received.resolve();
      return answer.promise;
    });
    await queue.push(eventFor(receiver.origin));
    const worker = workerOf(t, queue);
    await received.promise;
    worker.child.kill('SIGTERM');
    await worker.logged('stopping');
    answer.resolve({ status: 200 });
    const { code, stderr } = await worker.end;
    deepEqual([code, stderr], [0, '']);
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });

  test(`${kind}: a second signal does not wait, hands back what is in flight, and exits 0`, async (t) => {
    const queue = await newQueueOf(t);
    const received = Promise.withResolvers<void>();
    const receiver = await receiverOf(t, () => {
      received.resolve();
      return new Promise<Answer>(() => {});
    });
    await queue.push(eventFor(receiver.origin));
    const worker = workerOf(t, queue);
    await received.promise;
    worker.child.kill('SIGINT');
    await worker.logged('stopping');
    worker.child.kill('SIGTERM');
    const { code, stderr } = await worker.end;
    deepEqual([code, stderr], [0, '']);
    deepEqual(await queue.watch.stats(), { ready: 1, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });
}

test('a worker is found by its name, keeps its environment readable, and does not show its command line', async (t) => {
  const queue = await BROKERS.SQLite(t);
  const worker = workerOf(t, queue);
  await worker.logged('worker started');
  const proc = (file: string) => readFileSync(`/proc/${worker.child.pid}/${file}`, 'utf8');
  equal(proc('comm'), 'volley worker\n');
  match(proc('environ'), /(^|\0)HMAC_SECRET=hush, says the test(\0|$)/);
  ok(!proc('cmdline').includes('sqlite:'));
  worker.child.kill('SIGTERM');
  equal((await worker.end).code, 0);
});

test('a log that cannot be written is said so once, and does not keep the worker from delivering or ending', async (t) => {
  const queue = await BROKERS.SQLite(t);
  const receiver = await receiverOf(t);
  await queue.push(eventFor(receiver.origin));
  const full = openSync('/dev/full', 'w');
  t.after(() => closeSync(full));
  const child = spawn(
    process.execPath,
    [ENTRY, 'worker', '--once', '--broker', queue.broker, '--queue', queue.queue, ...REACH],
    { env: { ...process.env, HMAC_SECRET: 'hush, says the test' }, stdio: ['ignore', full, 'pipe'] },
  );
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr!.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  const [code] = await once(child, 'close');
  equal(code, 0);
  match(stderr, /^volley: the log cannot be written \(ENOSPC\)[^\n]*\n$/);
  equal((await queue.watch.stats()).ready, 0);
});

test('a reader that has stopped reading the log keeps the worker neither from delivering nor from ending', async (t) => {
  const queue = await BROKERS.SQLite(t);
  const receiver = await receiverOf(t, () => ({ status: 500 }), { keep: false });
  const events = 2_000;
  await queue.push(...Array.from({ length: events }, (_, n) => eventFor(receiver.origin, n)));
  const child = spawn(
    process.execPath,
    [
      ENTRY,
      'worker',
      '--broker',
      queue.broker,
      '--queue',
      queue.queue,
      ...REACH,
      '--retry-schedule',
      '',
      '--breaker-failures',
      '0',
    ],
    { env: { ...process.env, HMAC_SECRET: 'hush, says the test' }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  t.after(() => child.kill('SIGKILL'));
  // Nobody reads its standard output: the pipe is soon full.
  await receiver.until(() => receiver.accepted > 0);
  while ((await queue.watch.stats()).dead < events) await new Promise(setImmediate);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  equal(code, 0);
});
