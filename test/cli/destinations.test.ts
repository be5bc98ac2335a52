import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Broker } from '../../src/broker/broker.ts';
import { eachBroker, type TestQueue } from '../engine/running.ts';
import { folderOf, volley } from './volley.ts';

const BROKERS = eachBroker();
const SINCE_MS = 1_764_000_000_000;
const SINCE = new Date(SINCE_MS).toISOString();
const HOUR_MS = 3_600_000;
const ENVELOPE = '{"url":"https://example.com/hooks","type":"t","payload":1}';

/** Queues as many deliveries as there are names, and parks each for its destination. */
async function park(queue: TestQueue, ...names: string[]): Promise<void> {
  await queue.push(...names.map(() => ENVELOPE));
  const claims = await queue.watch.reserve(names.length, 1e9);
  const settlements = claims.map((claim, i) => ({ kind: 'park', claim, destination: names[i]! }) as const);
  await queue.watch.settle(settlements);
}

/** One destination in each state; what is known of them takes longer than the test to pass. */
async function withDestinations(t: TestContext, newQueueOf: (t: TestContext) => Promise<TestQueue>) {
  const queue = await newQueueOf(t);
  const { watch } = queue;
  await watch.disableDestination('acct_42', 'gone', SINCE_MS);
  await watch.disableDestination('acct_7', 'config', SINCE_MS);
  await watch.block('failing', { kind: 'open', forMs: 2 * HOUR_MS, opened: 3 });
  await watch.block('probed', { kind: 'open', forMs: 0, opened: 1 });
  await watch.block('throttling', { kind: 'paused', forMs: HOUR_MS, opened: 0 });
  await park(queue, 'acct_42', 'acct_42', 'failing', 'healthy again');
  const on = ['--broker', queue.broker, '--queue', queue.queue];
  const run = (...args: string[]) => volley(['destinations', ...args, ...on]);
  const report = async (...args: string[]) =>
    (await run(...args, '--json')).stdout
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  return { queue, on, run, report };
}

async function namesKnown(broker: Broker): Promise<string[]> {
  return (await broker.standings(null)).standings.map(({ destination }) => destination);
}

for (const [kind, newQueueOf] of Object.entries(BROKERS)) {
  test(`${kind}: destinations are listed with their state, since when, and what is parked`, async (t) => {
    const { on, run, report } = await withDestinations(t, newQueueOf);
    const { code, stdout, stderr } = await run('list');
    deepEqual([code, stderr], [0, '']);
    equal(
      stdout,
      [
        'DESTINATION    STATE                 SINCE                     PARKED',
        `acct_42        disabled by 410 Gone  ${SINCE}       2`,
        `acct_7         disabled by config    ${SINCE}       0`,
        'failing        open, probe in 2h     -                              1',
        'healthy again  enabled               -                              1',
        'probed         open, probe due       -                              0',
        'throttling     paused for 1h         -                              0',
        '',
      ].join('\n'),
    );
    const reports = await report('list');
    const gone = {
      destination: 'acct_42',
      state: 'disabled',
      by: 'gone',
      since: SINCE,
      block: null,
      parked: 2,
    };
    deepEqual(reports[0], gone);
    deepEqual(Object.keys(reports[2]!), Object.keys(gone));
    const { forMs, ...block } = reports[2]!['block'] as { forMs: number };
    deepEqual([reports[2]!['state'], block], ['open', { kind: 'open', opened: 3 }]);
    ok(forMs > HOUR_MS && forMs <= 2 * HOUR_MS, `${forMs}`);
    match((await volley(['queue', 'stats', '--json', ...on])).stdout, /"parked":4,/);
  });

  test(`${kind}: a destination is disabled by name, and enabled with what is parked for it`, async (t) => {
    const { queue, run } = await withDestinations(t, newQueueOf);
    deepEqual(await run('enable', 'acct_42', 'failing'), {
      code: 0,
      stdout: [
        'acct_42 is enabled: 2 deliveries are parked for it, which workers deliver now',
        'failing is enabled: 1 delivery is parked for it, which workers deliver now',
        '',
      ].join('\n'),
      stderr: '',
    });
    const { parked, ready } = await queue.watch.stats();
    deepEqual([parked, ready], [4, 0], 'nothing is moved');
    match((await run('list')).stdout, /^acct_42 +enabled .* 2\n(?:.*\n)?failing +enabled .* 1\n/m);
    equal((await queue.watch.reserveParked('acct_42', 10, 1e6)).length, 2);
    deepEqual(await run('disable', 'new one'), {
      code: 0,
      stdout: 'new one is disabled: its deliveries are parked until it is enabled\n',
      stderr: '',
    });
    match((await run('list')).stdout, /^new one +disabled by command +\d{4}-.*Z +0$/m);
    equal((await run('enable', 'new one', '--json')).stdout, '{"destination":"new one","parked":0}\n');
  });

  test(`${kind}: what is parked is discarded by name, once that is confirmed`, async (t) => {
    const { queue, run } = await withDestinations(t, newQueueOf);
    deepEqual(await run('discard', 'acct_42'), {
      code: 64,
      stdout: '',
      stderr:
        'volley: this deletes what is parked for good: look at it with volley destinations show, then add --yes\n',
    });
    equal((await run('discard', 'acct_42', 'nobody', '--yes')).code, 1);
    equal((await queue.watch.stats()).parked, 4);
    deepEqual(await run('discard', 'acct_42', 'probed', '--yes'), {
      code: 0,
      stdout: 'acct_42: discarded 2\nprobed: discarded 0\n',
      stderr: '',
    });
    equal(
      (await run('discard', 'failing', '--yes', '--json')).stdout,
      '{"destination":"failing","discarded":1}\n',
    );
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 1, dead: 0 });
    match((await run('list')).stdout, /^acct_42 +disabled by 410 Gone .* 0$/m, 'it stays as it was');
  });

  test(`${kind}: twenty thousand destinations are listed, as many as are asked for`, async (t) => {
    const queue = await newQueueOf(t);
    const names = Array.from({ length: 20_000 }, (_, n) => `acct_${n}`).sort();
    for (let from = 0; from < names.length; from += 1_000)
      await park(queue, ...names.slice(from, from + 1_000));
    const run = (...args: string[]) =>
      volley(['destinations', 'list', '--broker', queue.broker, '--queue', queue.queue, ...args]);
    const some = await run();
    deepEqual(
      [some.stdout.split('\n').length, some.stderr],
      [102, 'volley: there are 20000: raise --limit, or give --state\n'],
    );
    const all = await run('--limit', '20000', '--json');
    const lines = all.stdout.trimEnd().split('\n');
    deepEqual([lines.length, all.stderr], [20_000, '']);
    deepEqual(
      lines.map((line) => (JSON.parse(line) as { destination: string }).destination),
      names,
    );
  });
}

test('on a terminal, discarding looks how far it has come', async (t) => {
  const { queue, on } = await withDestinations(t, BROKERS.SQLite);
  await park(queue, ...Array.from({ length: 20_000 }, () => 'failing'));
  const terminal = join(folderOf(t), 'terminal.mjs');
  writeFileSync(terminal, 'process.stderr.isTTY = true;');
  const { code, stdout, stderr } = await volley(['destinations', 'discard', 'failing', '--yes', ...on], {
    env: { NODE_OPTIONS: `--import=${terminal}` },
  });
  deepEqual([code, stdout], [0, 'failing: discarded 20001\n']);
  // Nothing where it was over before there was anything to show.
  match(stripVTControlCharacters(stderr), /^(?:\rdiscarded [\d,]+ \([\d,]+\/s\))*\r?$/);
});

test('those in one state are listed alone', async (t) => {
  const { run, report } = await withDestinations(t, BROKERS.Redis);
  const names = async (state: string) =>
    (await report('list', '--state', state)).map(({ destination }) => destination);
  deepEqual(await names('disabled'), ['acct_42', 'acct_7']);
  deepEqual(await names('open'), ['failing', 'probed']);
  deepEqual(await names('paused'), ['throttling']);
  deepEqual(await names('enabled'), ['healthy again']);
  equal(
    (await run('list', '--state', 'open', '--limit', '1')).stderr,
    'volley: there are 2: raise --limit\n',
  );
  equal((await run('list', '--state', 'closed')).code, 64);
});

test('a pause that is over is none', async (t) => {
  const { queue, run } = await withDestinations(t, BROKERS.Redis);
  await queue.watch.block('rested', { kind: 'paused', forMs: 0, opened: 0 });
  match((await run('list')).stdout, /^rested +enabled +- +0$/m);
});

test('disabling what is disabled keeps and tells the first reason', async (t) => {
  const { run, report } = await withDestinations(t, BROKERS.Redis);
  const { code, stdout } = await run('disable', 'acct_42');
  deepEqual([code, stdout], [0, `acct_42 is disabled already (by 410 Gone, since ${SINCE})\n`]);
  deepEqual(await report('disable', 'acct_42'), [
    { destination: 'acct_42', state: 'disabled', by: 'gone', since: SINCE, block: null, parked: 2 },
  ]);
});

test('all are enabled at once, and what the config file disables comes with a word on it', async (t) => {
  const { queue, run } = await withDestinations(t, BROKERS.Redis);
  await park(queue, 'acct_7');
  const { code, stdout, stderr } = await run('enable', '--all');
  const lines = stdout.trimEnd().split('\n');
  deepEqual(
    [code, lines.map((line) => line.split(' ')[0])],
    [0, ['acct_42', 'acct_7', 'failing', 'probed', 'throttling']],
  );
  equal(lines[1], 'acct_7 is enabled: 1 delivery is parked for it', 'the workers do not deliver it');
  match(stderr, /^volley: acct_7 is disabled in the workers' config file, .*: change it there/);
  deepEqual(await namesKnown(queue.watch), ['acct_42', 'acct_7', 'failing', 'healthy again']);
  equal((await run('enable', '--all')).stdout, 'no destination is disabled or blocked\n');
  equal((await run('enable', '--all', '--json')).stdout, '');
  await run('discard', 'acct_42', 'acct_7', 'failing', 'healthy again', '--yes');
  equal((await run('list')).stdout, 'no destination is disabled, blocked, or has anything parked\n');
  equal((await run('list', '--json')).stdout, '');
});

test('a name of which nothing is known is told, and nothing is done', async (t) => {
  const { queue, run } = await withDestinations(t, BROKERS.Redis);
  const before = await namesKnown(queue.watch);
  for (const args of [['enable'], ['show'], ['discard', '--yes']])
    deepEqual(await run(...args, 'something else'), {
      code: 1,
      stdout: '',
      stderr:
        'volley: nothing is known of destination "something else": all is well with it, or it is called something else (volley destinations list shows those in trouble)\n',
    });
  deepEqual(await namesKnown(queue.watch), before);
});

test('those that are known are enabled also where another name is not, which is told with the one that was meant', async (t) => {
  const { queue, run } = await withDestinations(t, BROKERS.Redis);
  deepEqual(await run('enable', 'acct_24', 'failing', 'nobody', 'acct_42'), {
    code: 1,
    stdout: [
      'failing is enabled: 1 delivery is parked for it, which workers deliver now',
      'acct_42 is enabled: 2 deliveries are parked for it, which workers deliver now',
      '',
    ].join('\n'),
    stderr: [
      'volley: nothing is known of destination "acct_24": did you mean acct_42?',
      'volley: nothing is known of destination "nobody": all is well with it, or it is called something else (volley destinations list shows those in trouble)',
      '',
    ].join('\n'),
  });
  const { standings } = await queue.watch.standings(null);
  deepEqual(
    standings
      .filter(({ disabled, block }) => disabled !== null || block !== null)
      .map((each) => each.destination),
    ['acct_7', 'probed', 'throttling'],
  );
});

test('a URL with a path is disabled as named, with a word on what events without a destination go by', async (t) => {
  const { run } = await withDestinations(t, BROKERS.Redis);
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
    [['discard', '--yes'], /needs to know which: give their names \(volley destinations list shows them\)$/],
    [['show'], /needs one name: volley destinations list shows them$/],
    [['show', 'a', 'b'], /needs one name: /],
    [['list', '--limit', '0'], /--limit is "0": give a whole number from 1 to /],
  ] as const) {
    const { code, stdout, stderr } = await volley(['destinations', ...args, ...broker]);
    deepEqual([code, stdout], [64, ''], args.join(' '));
    match(stderr.trimEnd(), said);
  }
});

test('looking at a queue that is not there creates none', async (t) => {
  const broker = ['--broker', `sqlite:${folderOf(t)}/none.db`];
  for (const args of [['list'], ['show', 'x'], ['discard', 'x', '--yes']]) {
    const { code, stderr } = await volley(['destinations', ...args, ...broker]);
    equal(code, 69);
    match(stderr, /there is no SQLite file .*none\.db/);
  }
});
