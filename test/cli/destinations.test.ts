import { deepEqual, equal, match } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eachBroker, type TestQueue } from '../engine/running.ts';
import { folderOf, volley } from './volley.ts';

const BROKERS = eachBroker();
const SINCE_MS = 1_764_000_000_000;
const SINCE = new Date(SINCE_MS).toISOString();
const ENVELOPE = '{"url":"https://example.com/hooks","type":"t","payload":1}';

/** `acct_42` has answered 410, with two deliveries parked; `acct_7` is disabled by the config file. */
async function withDisabled(t: TestContext, newQueueOf: (t: TestContext) => Promise<TestQueue>) {
  const queue = await newQueueOf(t);
  await queue.watch.disableDestination('acct_42', 'gone', SINCE_MS);
  await queue.watch.disableDestination('acct_7', 'config', SINCE_MS);
  await queue.push(ENVELOPE, ENVELOPE);
  const claims = await queue.watch.reserve(10, 1e6);
  await queue.watch.settle(claims.map((claim) => ({ kind: 'park', claim, destination: 'acct_42' }) as const));
  const run = (...args: string[]) =>
    volley(['destinations', ...args, '--broker', queue.broker, '--queue', queue.queue]);
  return { queue, run };
}

for (const [kind, newQueueOf] of Object.entries(BROKERS)) {
  test(`${kind}: disabled destinations are listed, with why, since when and what is parked`, async (t) => {
    const { queue, run } = await withDisabled(t, newQueueOf);
    const { code, stdout, stderr } = await run('list');
    deepEqual([code, stderr], [0, '']);
    equal(
      stdout,
      [
        'DESTINATION  DISABLED      SINCE                     PARKED',
        `acct_42      answered 410  ${SINCE}       2`,
        `acct_7       config        ${SINCE}       0`,
        '',
      ].join('\n'),
    );
    equal(
      (await run('list', '--json')).stdout,
      [
        `{"destination":"acct_42","by":"gone","since":"${SINCE}","parked":2}`,
        `{"destination":"acct_7","by":"config","since":"${SINCE}","parked":0}`,
        '',
      ].join('\n'),
    );
    const counts = await volley([
      ...['queue', 'stats', '--json', '--broker', queue.broker, '--queue', queue.queue],
    ]);
    match(counts.stdout, /"parked":2,/);
  });

  test(`${kind}: a destination is disabled by name, and enabled with what was parked for it`, async (t) => {
    const { queue, run } = await withDisabled(t, newQueueOf);
    deepEqual(await run('enable', 'acct_42'), {
      code: 0,
      stdout: 'acct_42 is enabled: 2 deliveries are ready again\n',
      stderr: '',
    });
    equal((await queue.watch.stats()).ready, 2);
    deepEqual(await run('disable', 'new one'), {
      code: 0,
      stdout: 'new one is disabled: its deliveries are parked until it is enabled\n',
      stderr: '',
    });
    match((await run('list')).stdout, /^new one +command +\d{4}-.*Z +0$/m);
    equal((await run('enable', 'new one', '--json')).stdout, '{"destination":"new one","ready":0}\n');
  });
}

test('disabling what is disabled keeps and tells the first reason', async (t) => {
  const { run } = await withDisabled(t, BROKERS.Redis);
  const { code, stdout } = await run('disable', 'acct_42');
  deepEqual([code, stdout], [0, `acct_42 is disabled already (answered 410, since ${SINCE})\n`]);
  equal(
    (await run('disable', 'acct_42', '--json')).stdout,
    `{"destination":"acct_42","by":"gone","since":"${SINCE}","parked":2}\n`,
  );
});

test('all are enabled at once, and what the config file disables comes with a word on it', async (t) => {
  const { run } = await withDisabled(t, BROKERS.Redis);
  const { code, stdout, stderr } = await run('enable', '--all');
  deepEqual(
    [code, stdout],
    [
      0,
      'acct_42 is enabled: 2 deliveries are ready again\nacct_7 is enabled: 0 deliveries are ready again\n',
    ],
  );
  match(stderr, /^volley: acct_7 is disabled in the workers' config file, .*: change it there/);
  equal((await run('enable', '--all')).stdout, 'no destination is disabled\n');
  equal((await run('enable', '--all', '--json')).stdout, '');
  equal((await run('list')).stdout, 'no destination is disabled\n');
  equal((await run('list', '--json')).stdout, '');
});

test('a name that is not disabled is told, with the one that was meant, and nothing is enabled', async (t) => {
  const { queue, run } = await withDisabled(t, BROKERS.Redis);
  deepEqual(await run('enable', 'acct_7', 'acct_24'), {
    code: 1,
    stdout: '',
    stderr: 'volley: destination "acct_24" is not disabled: did you mean acct_42?\n',
  });
  equal(
    (await run('enable', 'something else')).stderr,
    'volley: destination "something else" is not disabled: volley destinations list shows those that are\n',
  );
  equal((await queue.watch.disabledDestinations()).length, 2);
});

test('a URL with a path is disabled as named, with a word on what events without a destination go by', async (t) => {
  const { run } = await withDisabled(t, BROKERS.Redis);
  match((await run('disable', 'https://Example.com/hooks')).stderr, / go by https:\/\/example\.com: /);
  equal((await run('disable', 'https://example.com')).stderr, '');
});

test('names that are missing or cannot be, and names beside --all, are usage errors', async (t) => {
  const broker = ['--broker', `sqlite:${folderOf(t)}/none.db`];
  for (const [args, said] of [
    [['enable'], /needs to know which: give their names .*or --all$/],
    [['enable', 'x', '--all'], /takes names or --all, not both: /],
    [['disable'], /needs to know which: give their names/],
    [['disable', ' x'], /^volley: " x": "destination" must be/],
  ] as const) {
    const { code, stdout, stderr } = await volley(['destinations', ...args, ...broker]);
    deepEqual([code, stdout], [64, '']);
    match(stderr.trimEnd(), said);
  }
});

test('looking at a queue that is not there creates none', async (t) => {
  const { code, stderr } = await volley([
    'destinations',
    'list',
    '--broker',
    `sqlite:${folderOf(t)}/none.db`,
  ]);
  equal(code, 69);
  match(stderr, /there is no SQLite file .*none\.db/);
});
