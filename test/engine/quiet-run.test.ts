import { deepEqual, equal, match } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import test from 'node:test';
import { Ledger } from '../ledger.ts';
import { countingReceiverOf } from '../receiver.ts';
import { newQueue, pushNumbered, redisOfFile, SECRET } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const redis = redisOfFile();
const EVENTS = 100_000;
const DESTINATIONS = 50;

/** LPUSHes values as redis-cli's mass insertion does, with a protocol stream on its standard input. */
async function pushWithRedisCli(url: string, list: string, values: readonly string[]): Promise<void> {
  const cli = spawn('redis-cli', ['-u', url, '--pipe'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(cli, 'exit');
  const bulk = (text: string) => `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
  const head = `*3\r\n${bulk('LPUSH')}${bulk(list)}`;
  for (let from = 0; from < values.length; from += 1_000) {
    const chunk = values.slice(from, from + 1_000).map((value) => head + bulk(value));
    if (!cli.stdin.write(chunk.join(''))) await once(cli.stdin, 'drain');
  }
  cli.stdin.end();
  let said = '';
  for await (const chunk of cli.stdout) said += chunk;
  deepEqual(await exited, [0, null], said);
  match(said, /errors: 0/);
}

test(`${EVENTS} envelopes pushed with redis-cli arrive exactly once, each rightly signed, and the worker exits 0`, {
  timeout: 180_000,
}, async (t) => {
  const queue = await newQueue(t, redis.url);
  const ledger = new Ledger(EVENTS);
  let forged = 0;
  const receiver = await countingReceiverOf(t, (body, head) => {
    ledger.arrived(Number(/"n":(\d+)/.exec(body)?.[1]));
    const signature = createHmac('sha256', SECRET).update(body, 'latin1').digest('hex');
    if (!head.includes(`x-hub-signature-256: sha256=${signature}\r\n`)) forged++;
  });
  const envelopes = Array.from({ length: EVENTS }, (_, n) =>
    JSON.stringify({
      url: `${receiver.origin}/hooks/${n % DESTINATIONS}`,
      type: 'order.updated',
      destination: `acct_${n % DESTINATIONS}`,
      payload: { n, name: 'Zoë \u{1f3d0}' },
    }),
  );
  await pushWithRedisCli(redis.url, queue.queue, envelopes);
  equal((await queue.watch.stats()).ready, EVENTS);
  const worker = spawnWorker(t, queue, '--once');
  equal(await worker.exited, 0, worker.output());
  t.diagnostic(`${ledger}`);
  deepEqual(ledger.missing, []);
  equal(ledger.duplicates, 0);
  equal(ledger.strangers, 0);
  equal(forged, 0);
  deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
});

test('a worker that is told to stop drains, hands the rest back, and exits 0; what it handed back is delivered once by the next', async (t) => {
  const queue = await newQueue(t, redis.url);
  const events = 3_000;
  const ledger = new Ledger(events);
  const receiver = await countingReceiverOf(t, (body) => ledger.arrived(Number(body)));
  await pushNumbered(queue, receiver.origin, events);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const before = ledger.delivered;
    const worker = spawnWorker(t, queue);
    await Promise.all([worker.started, receiver.until(() => ledger.delivered > before + 100)]);
    worker.child.kill(signal);
    equal(await worker.exited, 0, worker.output());
    equal((await queue.watch.stats()).leased, 0);
  }
  const last = spawnWorker(t, queue, '--once');
  equal(await last.exited, 0, last.output());
  deepEqual(ledger.missing, []);
  equal(ledger.duplicates, 0);
});
