import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { eachBroker, type TestQueue } from '../engine/running.ts';
import { volley } from './volley.ts';

const BROKERS = eachBroker();
const SINCE_MS = 1_764_000_000_000;
const SINCE = new Date(SINCE_MS).toISOString();
const HOUR_MS = 3_600_000;

type Prepare = (queue: TestQueue) => Promise<unknown>;

/** What `show` says of a destination, once it has been prepared and `parked` deliveries parked for it. */
async function shown(
  t: TestContext,
  newQueueOf: (t: TestContext) => Promise<TestQueue>,
  name: string,
  prepare: Prepare,
  parked: number,
) {
  const queue = await newQueueOf(t);
  await prepare(queue);
  await queue.push(
    ...Array.from({ length: parked }, () => '{"url":"https://a.example","type":"t","payload":1}'),
  );
  const claims = await queue.watch.reserve(Math.max(1, parked), 1e9);
  await queue.watch.settle(claims.map((claim) => ({ kind: 'park', claim, destination: name }) as const));
  const show = (...flags: string[]) =>
    volley(['destinations', 'show', name, ...flags, '--broker', queue.broker, '--queue', queue.queue]);
  return { ...(await show()), show };
}

/** What was done to the destination, its name, how many are parked for it, and all that is shown. */
const CASES: [what: string, name: string, prepare: Prepare, parked: number, lines: string[]][] = [
  [
    'one that has answered 410 Gone',
    'acct_42',
    ({ watch }) => watch.disableDestination('acct_42', 'gone', SINCE_MS),
    2,
    [
      'destination     acct_42',
      'state           disabled by 410 Gone',
      `disabled since  ${SINCE}`,
      'parked          2',
      '',
      'Its receiver has answered 410 Gone: nothing is sent to it until it is enabled.',
      '  volley destinations enable acct_42         delivers to it again, what is parked too',
      '  volley destinations discard acct_42 --yes  deletes what is parked for good',
      '',
    ],
  ],
  [
    'one that a person has disabled, and that was failing besides',
    "it's mine",
    async ({ watch }) => {
      await watch.block("it's mine", { kind: 'open', forMs: 0, opened: 1 });
      await watch.disableDestination("it's mine", 'command', SINCE_MS);
    },
    0,
    [
      "destination     it's mine",
      'state           disabled by command',
      `disabled since  ${SINCE}`,
      'besides         open, probe due',
      'breaker opened  1 in a row',
      'parked          0',
      '',
      'Somebody has disabled it: nothing is sent to it until it is enabled.',
      String.raw`  volley destinations enable 'it'\''s mine'  delivers to it again, what is parked too`,
      '',
    ],
  ],
  [
    'one that the config file disables',
    'acct_7',
    ({ watch }) => watch.disableDestination('acct_7', 'config', SINCE_MS),
    0,
    [
      'destination     acct_7',
      'state           disabled by config',
      `disabled since  ${SINCE}`,
      'parked          0',
      '',
      `The workers' config file disables it: take "disabled" out there, then reload the workers (SIGHUP).`,
      '',
    ],
  ],
  [
    'one whose breaker is open',
    'https://hooks.example.com:8443',
    ({ watch }) => watch.block('https://hooks.example.com:8443', { kind: 'open', forMs: HOUR_MS, opened: 7 }),
    1,
    [
      'destination     https://hooks.example.com:8443',
      'state           open, probe in 1h',
      'breaker opened  7 in a row',
      'parked          1',
      '',
      'It has failed again and again. Workers send it one delivery as a probe, and the rest when that succeeds.',
      '  volley destinations enable https://hooks.example.com:8443         does not wait for the probe',
      '  volley destinations discard https://hooks.example.com:8443 --yes  deletes what is parked for good',
      '',
    ],
  ],
  [
    'one that has asked for a pause',
    'acct_9',
    ({ watch }) => watch.block('acct_9', { kind: 'paused', forMs: HOUR_MS, opened: 0 }),
    0,
    [
      'destination  acct_9',
      'state        paused for 1h',
      'parked       0',
      '',
      'It has asked to be left alone (Retry-After). Workers go on by themselves when that is over.',
      '  volley destinations enable acct_9  goes on now',
      '',
    ],
  ],
  [
    'one that has something parked still',
    'acct_1',
    async () => {},
    3,
    [
      'destination  acct_1',
      'state        enabled',
      'parked       3',
      '',
      'Workers deliver what is parked, at the pace it takes it. Where the number stays, none is running.',
      '  volley destinations discard acct_1 --yes  deletes what is parked for good',
      '',
    ],
  ],
];

for (const [kind, newQueueOf] of Object.entries(BROKERS))
  for (const [what, name, prepare, parked, lines] of CASES)
    test(`${kind}: ${what} is shown with all that is known, and what to do`, async (t) => {
      const { code, stdout, stderr } = await shown(t, newQueueOf, name, prepare, parked);
      deepEqual([stdout.split('\n'), stderr, code], [lines, '', 0]);
    });

test('programs are told the same, in keys that are always there', async (t) => {
  const block: Prepare = ({ watch }) => watch.block('acct_42', { kind: 'paused', forMs: HOUR_MS, opened: 2 });
  const { show } = await shown(t, BROKERS.SQLite, 'acct_42', block, 1);
  const { stdout } = await show('--json');
  match(
    stdout,
    /^\{"destination":"acct_42","state":"paused","by":null,"since":null,"block":\{.*\},"parked":1,"ratePerSecond":null,"rateDebtMs":0\}\n$/,
  );
  const report = JSON.parse(stdout) as { block: Record<string, unknown> };
  deepEqual(Object.keys(report.block).sort(), ['forMs', 'kind', 'opened']);
});

test('a terminal that takes colours is given them, and the columns stay in line', async (t) => {
  const queue = await BROKERS.SQLite(t);
  await queue.watch.disableDestination('acct_42', 'gone', SINCE_MS);
  await queue.watch.block('acct_7', { kind: 'open', forMs: HOUR_MS, opened: 1 });
  const list = (env: Record<string, string>) =>
    volley(['destinations', 'list', '--broker', queue.broker, '--queue', queue.queue], { env });
  const [plain, coloured] = [await list({}), await list({ FORCE_COLOR: '1' })];
  equal(plain.stdout, stripVTControlCharacters(plain.stdout));
  for (const styled of ['\u001b[31mdisabled by 410 Gone\u001b[39m', '\u001b[33mopen, probe in 1h\u001b[39m'])
    ok(coloured.stdout.includes(styled), coloured.stdout);
  equal(stripVTControlCharacters(coloured.stdout), plain.stdout);
});
