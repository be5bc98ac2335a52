import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DeadLetter } from '../../src/delivery/outcome.ts';
import { eachBroker, type TestQueue } from '../engine/running.ts';
import { volley } from './volley.ts';

const BROKERS = eachBroker();
const NOW = Date.now();
const HOUR = 3_600_000;
const ENVELOPE = '{"url":"https://example.com/hooks","type":"t","payload":{"n": 1.0}}';

/** Dead letters a, b, c that died 3, 2 and 1 hours ago; a and c of the same destination, b of another reason. */
async function withDeadLetters(t: TestContext, newQueueOf: (t: TestContext) => Promise<TestQueue>) {
  const queue = await newQueueOf(t);
  await queue.push(...['a', 'b', 'c'].map(() => ENVELOPE));
  const claims = await queue.watch.reserve(10, 1e6);
  const letters = ['a', 'b', 'c'].map((id, i): DeadLetter => {
    const isB = id === 'b';
    return {
      id,
      reason: isB ? 'url-refused' : 'exhausted',
      detail: 'gave up\u001b[31m',
      attempts: i + 1,
      destination: isB ? 'other' : 'acct_42',
      url: 'https://example.com/hooks',
      type: 't',
      response: isB ? null : { status: 503, body: 'over\u0007loaded', retryAfter: '7' },
      diedAtMs: NOW - (3 - i) * HOUR,
    };
  });
  for (const [i, letter] of letters.entries())
    await queue.watch.settle([{ kind: 'dead', claim: claims[i]!, letter }]);
  const run = (...args: string[]) => volley([...args, '--broker', queue.broker, '--queue', queue.queue]);
  const ids = async (...flags: string[]) => {
    const { code, stdout } = await run('dead', 'list', '--json', ...flags);
    equal(code, 0);
    return stdout
      .split('\n')
      .flatMap((text) => (text === '' ? [] : [(JSON.parse(text) as { id: string }).id]));
  };
  return { queue, run, ids };
}

test('dead letters are listed, oldest first, by filter', async (t) => {
  const { run, ids } = await withDeadLetters(t, BROKERS.Redis);
  deepEqual(await ids(), ['a', 'b', 'c']);
  deepEqual(await ids('--destination', 'acct_42'), ['a', 'c']);
  deepEqual(await ids('--reason', 'url-refused'), ['b']);
  for (const reason of ['rejected', 'expired']) deepEqual(await ids('--reason', reason), []);
  deepEqual(await ids('--since', '150m', '--until', new Date(NOW - 1.5 * HOUR).toISOString()), ['b']);
  const { stdout, stderr } = await run('dead', 'list', '--limit', '2');
  match(stdout, /^ID +DIED .*\na +\d{4}-.* exhausted +1 +acct_42 +gave up\ufffd\[31m\nb .*\n$/);
  equal(stderr, 'volley: there are more than 2: raise --limit, or filter\n');
  const [first] = (await run('dead', 'list', '--json')).stdout.split('\n');
  deepEqual(JSON.parse(first!), {
    id: 'a',
    eventId: 'a',
    reason: 'exhausted',
    detail: 'gave up\u001b[31m',
    attempts: 1,
    destination: 'acct_42',
    url: 'https://example.com/hooks',
    type: 't',
    response: { status: 503, body: 'over\u0007loaded', retryAfter: '7' },
    diedAt: new Date(NOW - 3 * HOUR).toISOString(),
    envelopeBytes: ENVELOPE.length,
  });
});

test('a dead letter is shown with its last response and its envelope', async (t) => {
  const { run } = await withDeadLetters(t, BROKERS.Redis);
  const { code, stdout } = await run('dead', 'show', 'a');
  equal(code, 0);
  ok(stdout.includes('Last response: status 503, Retry-After: 7\nover\ufffdloaded\n'), stdout);
  ok(stdout.endsWith(`Envelope:\n${ENVELOPE}\n`), stdout);
  const json = JSON.parse((await run('dead', 'show', 'b', '--json')).stdout) as Record<string, unknown>;
  deepEqual(
    [json['id'], json['reason'], json['response'], json['envelope']],
    ['b', 'url-refused', null, ENVELOPE],
  );
  const none = await run('dead', 'show', 'x');
  deepEqual(none, {
    code: 1,
    stdout: '',
    stderr: 'volley: there is no dead letter "x": volley dead list shows those there are\n',
  });
});

test('dead letters are replayed by id, by filter, and at a pace', async (t) => {
  const { queue, run, ids } = await withDeadLetters(t, BROKERS.Redis);
  equal((await run('dead', 'replay', 'b', 'x')).code, 1);
  deepEqual(await ids(), ['a', 'b', 'c']);
  equal((await run('dead', 'replay', 'b')).stdout, 'replayed 1\n');
  equal(
    (await run('dead', 'replay', '--destination', 'acct_42', '--rate', '20/s', '--json')).stdout,
    '{"replayed":2}\n',
  );
  equal((await run('dead', 'replay', '--all')).stdout, 'replayed 0\n');
  deepEqual(await queue.watch.stats(), { ready: 3, leased: 0, delayed: 0, parked: 0, dead: 0 });
  const claims = await queue.watch.reserve(10, 1e6);
  deepEqual(claims.map(({ mintedId, attempts }) => [mintedId, attempts]).sort(), [
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ]);
});

test('dead letters are discarded by id, and by filter with --yes', async (t) => {
  const { run, ids } = await withDeadLetters(t, BROKERS.Redis);
  equal((await run('dead', 'discard', '--reason', 'url-refused')).code, 64);
  equal((await run('dead', 'discard', '--reason', 'url-refused', '--yes')).stdout, 'discarded 1\n');
  equal((await run('dead', 'discard', 'a', '--json')).stdout, '{"discarded":1}\n');
  deepEqual(await ids(), ['c']);
  equal((await run('dead', 'discard', '--all', '--yes')).stdout, 'discarded 1\n');
  equal((await run('dead', 'list')).stdout, 'no dead letters\n');
});

for (const [kind, newQueueOf] of Object.entries(BROKERS)) {
  test(`${kind}: queue stats counts what is where`, async (t) => {
    const { queue, run } = await withDeadLetters(t, newQueueOf);
    await queue.push(ENVELOPE, ENVELOPE);
    await queue.watch.reserve(1, 1);
    const { code, stdout } = await run('queue', 'stats', '--json');
    deepEqual([code, stdout], [0, '{"ready":1,"leased":1,"delayed":0,"parked":0,"dead":3}\n']);
    match(
      (await run('queue', 'stats')).stdout,
      /^ready +1 {2}\S.*\nleased +1 .*\ndelayed +0 .*\nparked +0 .*\ndead +3 /,
    );
  });
}
