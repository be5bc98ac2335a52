import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eachBroker, type TestQueue } from '../engine/running.ts';
import { folderOf, volley } from './volley.ts';

const BROKERS = eachBroker();
const HOUR_MS = 3_600_000;

/** A config file of its own for a test. */
function configOf(t: TestContext, text: string): string {
  const path = join(folderOf(t), 'volley.json');
  writeFileSync(path, text);
  return path;
}

function runOn({ broker, queue }: TestQueue) {
  return (...args: string[]) => volley(['destinations', ...args, '--broker', broker, '--queue', queue]);
}

/** Queues deliveries and parks them for a destination. */
async function park({ push, watch }: TestQueue, destination: string, count: number): Promise<void> {
  await push(...Array.from({ length: count }, () => '{"url":"https://a.example","type":"t","payload":1}'));
  const claims = await watch.reserve(count, 1e9);
  await watch.settle(claims.map((claim) => ({ kind: 'park', claim, destination }) as const));
}

/** How a broker may have come across a destination with which all is well now. */
const MET: [how: string, meet: (queue: TestQueue) => Promise<unknown>, limit: string[]][] = [
  [
    'its breaker was open',
    async ({ watch }) => {
      await watch.block('acct_42', { kind: 'open', forMs: HOUR_MS, opened: 1 });
      await watch.unblock('acct_42');
    },
    [],
  ],
  [
    'it is sent to under a rate limit',
    ({ watch }) => watch.takeTokens([{ destination: 'acct_42', count: 1, perSecond: 0.01, burst: 2 }]),
    ['rate limit   set by its workers'],
  ],
  [
    'it has a dead letter',
    async ({ watch, push }) => {
      await push('{"url":"https://a.example","type":"t","payload":1}');
      const [claim] = await watch.reserve(1, 1e9);
      const known = { id: 'evt_1', destination: 'acct_42', url: 'https://a.example', type: 't' };
      const letter = {
        ...known,
        reason: 'exhausted',
        detail: 'http-500',
        attempts: 6,
        response: null,
        diedAtMs: 1,
      } as const;
      await watch.settle([{ kind: 'dead', claim: claim!, letter }]);
    },
    [],
  ],
];

for (const [kind, newQueueOf] of Object.entries(BROKERS))
  for (const [how, meet, limit] of MET)
    test(`${kind}: a destination with which all is well is known where ${how}`, async (t) => {
      const queue = await newQueueOf(t);
      await meet(queue);
      const run = runOn(queue);
      const { code, stdout, stderr } = await run('show', 'acct_42');
      const advice = `Nothing keeps deliveries from it${limit.length === 0 ? '' : ' but its rate limit'}.`;
      deepEqual(
        [code, stderr, stdout.split('\n')],
        [0, '', ['destination  acct_42', 'state        enabled', ...limit, 'parked       0', '', advice, '']],
      );
      equal((await run('show', 'acct_24')).code, 1);
      deepEqual(await run('enable', 'acct_42'), {
        code: 0,
        stdout: 'acct_42 is enabled: nothing is parked for it\n',
        stderr: '',
      });
      equal((await run('discard', 'acct_42', '--yes')).stdout, 'acct_42: discarded 0\n');
    });

test('a destination is known where the config file has it, and its rate limit is named', async (t) => {
  const queue = await BROKERS.SQLite(t);
  const config = configOf(
    t,
    '{"rate-limit": "10/s",\n"destinations": {"acct_42": {"rate-limit": "600/m"}, "acct_7": {}}}',
  );
  const show = (...args: string[]) => runOn(queue)('show', ...args, '--config', config);
  const own = await show('acct_42');
  match(own.stdout, /^rate limit {3}10\/s \(.*volley\.json:2:30\)$/m);
  match(own.stdout, /^Nothing keeps deliveries from it but its rate limit\.$/m);
  match((await show('acct_7')).stdout, /^rate limit {3}10\/s \(.*volley\.json:1:2\)$/m);
  equal((await show('acct_9')).code, 1, 'the limit of all tells of none');
  const { ratePerSecond, rateDebtMs } = JSON.parse((await show('acct_42', '--json')).stdout) as Record<
    string,
    number
  >;
  deepEqual([ratePerSecond, rateDebtMs], [10, 0]);
});

for (const [kind, newQueueOf] of Object.entries(BROKERS))
  test(`${kind}: a rate limit is named as what a backlog waits for`, async (t) => {
    const queue = await newQueueOf(t);
    await park(queue, 'acct_42', 30);
    await queue.watch.takeTokens([{ destination: 'acct_42', count: 1, perSecond: 0.01, burst: 1 }]);
    const config = configOf(t, '{"destinations": {"acct_42": {"rate-limit": "30/h"}}}');
    const show = (...args: string[]) => runOn(queue)('show', 'acct_42', ...args);
    match(
      (await show('--config', config)).stdout,
      /^Workers deliver what is parked no faster than its rate limit allows, so in 1h at best\. Where the number stays, none is running\.$/m,
    );
    const { stdout } = await show();
    match(stdout, /^rate limit {3}set by its workers$/m);
    match(stdout, /^Workers deliver what is parked no faster than its rate limit allows\. Where /m);
    const { rateDebtMs } = JSON.parse((await show('--json')).stdout) as { rateDebtMs: number };
    ok(rateDebtMs > 0 && rateDebtMs <= 100_000, `${rateDebtMs}`);
  });

test('a rate limit in the config file that is none is told with its place', async (t) => {
  const queue = await BROKERS.SQLite(t);
  const config = configOf(t, '{"destinations": {"acct_42": {"rate-limit": "fast"}}}');
  const { code, stderr } = await runOn(queue)('show', 'acct_42', '--config', config);
  equal(code, 78);
  match(stderr, /volley\.json:1:31: "rate-limit" is "fast": give a rate from /);
});
