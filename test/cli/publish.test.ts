import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { clientBroker, DEFAULT_QUEUE } from '../../src/publish/client-broker.ts';
import { folderOf, volley } from './volley.ts';

const line = (n: number, more: object = {}) =>
  `${JSON.stringify({ url: 'https://example.com/hooks', type: 'order.updated', payload: { n }, ...more })}\n`;

async function queued(t: TestContext, cwd: string): Promise<Record<string, unknown>[]> {
  const broker = clientBroker(`sqlite:${join(cwd, 'volley.db')}`, DEFAULT_QUEUE);
  t.after(() => broker.close());
  await broker.open();
  const claims = await broker.reserve(100_000, 1e9);
  return claims.map(({ envelope }) => JSON.parse(envelope.toString()) as Record<string, unknown>);
}

/** What would be sent for a queued envelope. */
const bodyOf = ({ payload, body }: Record<string, unknown>) => body ?? JSON.stringify(payload);

test('an event from flags is queued, and its id printed', async (t) => {
  const cwd = folderOf(t);
  const event = ['publish', '--url', 'https://example.com/hooks', '--type', 'order.updated'];
  const minted = await volley([...event, '--payload', '{ "n": 12345678901234567890 }'], { cwd });
  match(minted.stdout, /^evt_[0-9A-Z]{26}\n$/);
  const given = await volley(
    [
      ...event,
      ...[
        '--body',
        '-',
        '--id',
        'order-7',
        '--destination',
        'acct_42',
        '--timestamp',
        '2026-11-23T18:00:00Z',
      ],
      ...['--header', 'x-tenant: 7, 8', '--header', 'x-b:c', '--json'],
    ],
    { cwd, input: ' [1] ' },
  );
  deepEqual(JSON.parse(given.stdout), { published: 1, rejected: 0, id: 'order-7' });
  deepEqual([minted.stderr, minted.code, given.stderr, given.code], ['', 0, '', 0]);
  const [first, second] = await queued(t, cwd);
  equal(first!['id'], minted.stdout.trim());
  const { body, ...rest } = second!;
  equal(body, ' [1] ');
  deepEqual(rest, {
    id: 'order-7',
    destination: 'acct_42',
    url: 'https://example.com/hooks',
    type: 'order.updated',
    timestamp: Date.parse('2026-11-23T18:00:00Z'),
    headers: { 'x-tenant': '7, 8', 'x-b': 'c' },
  });
});

test('an event from flags is given its order and its times, also as so long from now', async (t) => {
  const cwd = folderOf(t);
  const event = ['publish', '--url', 'https://example.com/hooks', '--type', 't', '--payload', '1'];
  const publish = async (...more: string[]) => {
    const { code, stderr } = await volley([...event, ...more], { cwd });
    deepEqual([code, stderr], [0, '']);
  };
  await publish('--ordering-key', 'order 7', '--deliver-at', '2026-11-23T19:00:00+01:00');
  await publish('--deliver-at', '1795456800000', '--expires-at', '2026-11-23T18:00:00.001Z');
  const beforeMs = Date.now();
  await publish('--deliver-at', '10m', '--expires-at', '+1.5h');
  const afterMs = Date.now();
  const [ordered, between, fromNow] = await queued(t, cwd);
  const sixMs = Date.UTC(2026, 10, 23, 18);
  deepEqual(
    [ordered!['orderingKey'], ordered!['deliverAt'], ordered!['expiresAt']],
    ['order 7', sixMs, undefined],
  );
  deepEqual([between!['deliverAt'], between!['expiresAt']], [sixMs, sixMs + 1]);
  for (const [member, inMs] of [
    ['deliverAt', 600_000],
    ['expiresAt', 5_400_000],
  ] as const) {
    const publishedMs = (fromNow![member] as number) - inMs;
    ok(publishedMs >= beforeMs && publishedMs <= afterMs, member);
  }
});

test('NDJSON members for order and times are queued as they are, and a line where they are wrong is told', async (t) => {
  const cwd = folderOf(t);
  const input = [
    line(0, { orderingKey: 'k', deliverAt: '2026-11-23T18:00:00Z', expiresAt: 1_795_456_800_001 }),
    line(1, { orderingKey: '' }),
    line(2, { deliverAt: 1_795_456_800 }),
    line(3, { deliverAt: 1_795_456_800_000, expiresAt: 1_795_456_800_000 }),
  ].join('');
  const { code, stderr } = await volley(['publish'], { cwd, input });
  equal(code, 1);
  const [noKey, inSeconds, neverSent] = stderr.split('\n');
  match(noKey!, /^volley: line 2: "orderingKey" must be a string of 1 to 256 printable ASCII characters$/);
  match(inSeconds!, /^volley: line 3: "deliverAt" lies in the year 1970: epoch milliseconds have 13 digits/);
  match(neverSent!, /^volley: line 4: "expiresAt" is not after "deliverAt".*: set it later/);
  const [only, ...others] = await queued(t, cwd);
  deepEqual(others, []);
  deepEqual(
    [only!['orderingKey'], only!['deliverAt'], only!['expiresAt']],
    ['k', 1_795_456_800_000, 1_795_456_800_001],
  );
});

test('NDJSON is queued in order, line by line', async (t) => {
  const cwd = folderOf(t);
  const input = Array.from({ length: 3_000 }, (_, n) => line(n)).join('');
  const { code, stdout, stderr } = await volley(['publish', '--json'], { cwd, input });
  deepEqual([code, stdout, stderr], [0, '{"published":3000,"rejected":0}\n', '']);
  deepEqual(
    (await queued(t, cwd)).map(bodyOf),
    Array.from({ length: 3_000 }, (_, n) => `{"n":${n}}`),
  );
});

test('a bad line is told by its number, and the others are queued', async (t) => {
  const cwd = folderOf(t);
  const input = Buffer.concat([
    Buffer.from(`\ufeff${line(0)}\r\n   \nnot json\n${line(1).replace('\n', '\r\n')}`),
    Buffer.from(line(2, { url: 'nowhere' })),
    Buffer.from(`{"pad":"${'x'.repeat(6_000_000)}"}\n`),
    Buffer.from(line(3).trimEnd()),
  ]);
  const { code, stdout, stderr } = await volley(['publish', '--json'], { cwd, input });
  deepEqual([code, stdout], [1, '{"published":3,"rejected":3}\n']);
  const [notJson, badUrl, tooLong, ...rest] = stderr.trimEnd().split('\n');
  match(notJson!, /^volley: line 4: .*not valid JSON/);
  match(badUrl!, /^volley: line 6: "url" is not an absolute URL/);
  match(tooLong!, /^volley: line 7: longer than \d+ bytes$/);
  deepEqual(rest, []);
  deepEqual((await queued(t, cwd)).map(bodyOf), ['{"n":0}', '{"n":1}', '{"n":3}']);
});

test('members that were perhaps meant for others are told, each once, and their events queued without', async (t) => {
  const cwd = folderOf(t);
  const input = [
    line(0, { expires_at: 1, tenant: 'a newer producer may say more' }),
    line(1, { expires_at: 1, ordering_key: 'k', deliver_at: 1, expiresat: 1 }),
    line(2, { ordering_key: 'k', type: '' }),
  ].join('');
  const { code, stdout, stderr } = await volley(['publish', '--json'], { cwd, input });
  deepEqual([code, stdout], [1, '{"published":2,"rejected":1}\n']);
  const lines = stderr.trimEnd().split('\n');
  equal(
    lines[0],
    'volley: line 1: "expires_at" is no member of an envelope, and is left out here and below: did you mean expiresAt?',
  );
  deepEqual(
    lines.slice(1).map((told) => /line (\d+): "(\w+)" .* (\w+)\?$/.exec(told)?.slice(1)),
    [
      ['2', 'ordering_key', 'orderingKey'],
      ['2', 'deliver_at', 'deliverAt'],
      ['2', 'expiresat', 'expiresAt'],
      undefined,
    ],
  );
  match(lines[4]!, /line 3: "type" must be/);
  const [, second] = await queued(t, cwd);
  deepEqual(Object.keys(second!).sort(), ['body', 'destination', 'id', 'timestamp', 'type', 'url']);
});

test('of many names that were perhaps mistyped twenty are told', async (t) => {
  const names = Array.from({ length: 26 }, (_, n) => `expiresAt${String.fromCharCode(97 + n)}`);
  const input = names.map((name) => line(0, { [name]: 1 })).join('');
  const { code, stderr } = await volley(['publish'], { cwd: folderOf(t), input });
  deepEqual([code, stderr.trimEnd().split('\n').length], [0, 20]);
});

test('of many bad lines twenty are told, and the rest counted', async (t) => {
  const { code, stdout, stderr } = await volley(['publish'], { cwd: folderOf(t), input: 'x\n'.repeat(100) });
  const lines = stderr.trimEnd().split('\n');
  deepEqual([code, lines.length, lines[20]], [1, 21, 'volley: and 80 more lines that are no envelope']);
  match(stdout, /^published 0 in \d+\.\d s, rejected 100\n$/);
});

test('a broker that is not there ends a stream with what is known to be queued', async () => {
  const input = line(0).repeat(2_000);
  const { code, stdout, stderr } = await volley(['publish', '--broker', 'redis://127.0.0.1:1'], { input });
  match(stderr, /^volley: Redis at .* cannot be reached .*; no line is known to be queued\n$/);
  deepEqual([code, stdout], [69, '']);
});
