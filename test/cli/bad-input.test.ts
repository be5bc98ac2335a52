import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { folderOf, volley } from './volley.ts';

const SECRET = { HMAC_SECRET: 'hush, says the test' };
const EVENT = ['publish', '--url', 'https://example.com/hooks', '--type', 'order.updated'];

/** What is wrong, the arguments, the environment, the exit code, and the line it ends with. */
const BAD: [name: string, args: string[], env: Record<string, string>, code: number, line: RegExp][] = [
  ['a mistyped command', ['wroker'], {}, 64, /^volley: there is no command "wroker": did you mean worker\?$/],
  ['a mistyped subcommand', ['dead', 'lsit'], {}, 64, /"dead lsit": did you mean dead list\?$/],
  ['a group without a command', ['dead'], {}, 64, /needs to know what to do: list, show, replay, discard$/],
  ['a word that resembles no command', ['xyzzy'], {}, 64, /"xyzzy": volley --help lists them$/],
  [
    'a flag before the command',
    ['--json', 'queue', 'stats'],
    {},
    64,
    /^volley: --json comes before the command/,
  ],
  [
    'an unknown flag',
    ['worker', '--concurency', '5'],
    {},
    64,
    /no flag --concurency: did you mean --concurrency\?$/,
  ],
  [
    'a flag out of range',
    ['worker', '--threads', '0'],
    {},
    64,
    /--threads is "0": give a whole number from 1 to 256/,
  ],
  [
    'a bad variable',
    ['worker'],
    { VOLLEY_LEASE: 'long' },
    78,
    /VOLLEY_LEASE in the environment is "long": give a time/,
  ],
  [
    'an argument too many',
    ['queue', 'stats', 'now'],
    {},
    64,
    /takes no argument "now": see volley queue stats --help$/,
  ],
  [
    'an unknown broker',
    ['worker', '--broker', 'kafka://h'],
    SECRET,
    64,
    /--broker is "kafka:\/\/h": give a URL that begins with redis:/,
  ],
  [
    'an unknown broker in the environment',
    ['worker'],
    { ...SECRET, VOLLEY_BROKER: 'x' },
    78,
    /VOLLEY_BROKER in the environment is "x"/,
  ],
  [
    'a broker that is not running',
    ['worker', '--broker', 'redis://127.0.0.1:1'],
    SECRET,
    69,
    /127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\): start it/,
  ],
  [
    'a broker that is not running, to publish',
    [...EVENT, '--payload', '1', '--broker', 'redis://127.0.0.1:1'],
    {},
    69,
    /cannot be reached/,
  ],
  [
    'a broker that is not running, for stats',
    ['queue', 'stats', '--broker', 'redis://127.0.0.1:1'],
    {},
    69,
    /cannot be reached/,
  ],
  [
    'an unwritable SQLite path',
    ['worker', '--broker', 'sqlite:/proc/volley.db'],
    SECRET,
    78,
    /\/proc\/volley\.db .*--broker/,
  ],
  [
    'an empty HMAC_SECRET',
    ['worker'],
    { HMAC_SECRET: '' },
    78,
    /^volley: HMAC_SECRET is set but empty: give it a value/,
  ],
  [
    'no secret',
    ['worker', '--secrets', '/none'],
    {},
    78,
    /^volley: there is no signing secret: set HMAC_SECRET, or put the secret in \/none/,
  ],
  [
    'a bad URL',
    ['publish', '--url', 'nowhere', '--type', 't', '--payload', '1'],
    {},
    1,
    /"url" is not an absolute URL/,
  ],
  ['a payload that is not JSON', [...EVENT, '--payload', '{bad'], {}, 1, /--payload is not valid JSON/],
  [
    'a payload that would add to the envelope',
    [...EVENT, '--payload', '1,"id":"x"'],
    {},
    1,
    /--payload is not valid JSON/,
  ],
  [
    'a deliver-at that is no time',
    [...EVENT, '--payload', '1', '--deliver-at', 'tomorrow'],
    {},
    64,
    /--deliver-at is "tomorrow": give a time such as 2026-11-23T18:00:00Z, or how long from now, such as 10m$/,
  ],
  [
    'a deliver-at further away than times go',
    [...EVENT, '--payload', '1', '--deliver-at', '99999999d'],
    {},
    64,
    /--deliver-at is "99999999d", which is too far ahead: the latest time is 2286-11-20T17:46:39\.999Z$/,
  ],
  [
    'an expires-at in seconds',
    [...EVENT, '--payload', '1', '--expires-at', '1795456800'],
    {},
    1,
    /"expiresAt" lies in the year 1970: epoch milliseconds have 13 digits/,
  ],
  [
    'an event that expires before it may be sent',
    [...EVENT, '--payload', '1', '--deliver-at', '10m', '--expires-at', '5m'],
    {},
    1,
    /"expiresAt" is not after "deliverAt", so it could never be sent: set it later/,
  ],
  [
    'an ordering key that is not printable',
    [...EVENT, '--payload', '1', '--ordering-key', 'ü'],
    {},
    1,
    /"orderingKey" must be a string of 1 to 256 printable/,
  ],
  ['an order without an event', ['publish', '--ordering-key', 'k'], {}, 64, /--ordering-key needs --url/],
  ['a missing type', ['publish', '--url', 'https://example.com'], {}, 64, /--type is missing/],
  ['a missing payload', EVENT, {}, 64, /--payload is missing/],
  ['a payload and a body', [...EVENT, '--payload', '1', '--body', '1'], {}, 64, /both given: keep one/],
  [
    'a payload file that is not there',
    [...EVENT, '--payload', '@none.json'],
    {},
    64,
    /--payload @none\.json cannot be read \(ENOENT\)/,
  ],
  [
    'a header without a colon',
    [...EVENT, '--payload', '1', '--header', 'x'],
    {},
    64,
    /--header is "x": write it as 'name: value'/,
  ],
  [
    'a header that Volley sets',
    [...EVENT, '--payload', '1', '--header', 'host: x'],
    {},
    1,
    /cannot set host/,
  ],
  ['an event flag without a URL', ['publish', '--type', 't'], {}, 64, /--type needs --url/],
  [
    'a queue that is not there',
    ['queue', 'stats', '--broker', 'sqlite:none.db'],
    {},
    69,
    /there is no SQLite file none\.db/,
  ],
  ['dead letters that nobody chose', ['dead', 'replay'], {}, 64, /needs to know which dead letters/],
  ['dead letters chosen twice', ['dead', 'replay', 'evt_1', '--all'], {}, 64, /takes only one way/],
  ['dead letters deleted without --yes', ['dead', 'discard', '--all'], {}, 64, /then add --yes$/],
  [
    'a time that is none',
    ['dead', 'list', '--since', 'yesterday'],
    {},
    64,
    /--since is "yesterday": give a time such as/,
  ],
  [
    'a rate that is none',
    ['dead', 'replay', '--all', '--rate', 'fast'],
    {},
    64,
    /--rate is "fast": give a rate from 1\/m to/,
  ],
  ['a missing id', ['dead', 'show'], {}, 64, /needs one id/],
];

for (const [name, args, env, code, line] of BAD)
  test(`one line tells of ${name}, and the exit code is ${code}`, async (t) => {
    const cwd = folderOf(t);
    const { stdout, stderr, ...end } = await volley(args, { env, cwd });
    const lines = stderr.split('\n');
    match(lines[0]!, line);
    ok(stderr.startsWith('volley: '));
    deepEqual(lines.slice(1), ['']);
    deepEqual([stdout, end.code], ['', code]);
    deepEqual(readdirSync(cwd), []);
  });

test('a body of 2 097 153 bytes is refused, and one of 2 097 152 is queued', async (t) => {
  const cwd = folderOf(t);
  const publishText = (bytes: number) => {
    writeFileSync(join(cwd, 'body.json'), `"${'x'.repeat(bytes - 2)}"`);
    return volley([...EVENT, '--payload', '@body.json'], { cwd });
  };
  const refused = await publishText(2_097_153);
  equal(
    refused.stderr,
    'volley: the body has 2097153 bytes, the limit is 2097152: send a reference to the data instead\n',
  );
  equal(refused.code, 1);
  ok(!existsSync(join(cwd, 'volley.db')));
  equal((await publishText(2_097_152)).code, 0);
});

test('a file of 10 MB is refused without being read to its end', async (t) => {
  const cwd = folderOf(t);
  writeFileSync(join(cwd, 'body.json'), `"${'x'.repeat(10_000_000)}"`);
  const { code, stderr } = await volley([...EVENT, '--body', '@body.json'], { cwd });
  match(
    stderr,
    /^volley: --body @body\.json has more than \d+ bytes, the limit is 2097152: send a reference/,
  );
  equal(code, 1);
});

test('a config file is told with line and column', async (t) => {
  const cwd = folderOf(t);
  writeFileSync(join(cwd, 'volley.json'), '{\n  "broker": "redis://127.0.0.1:1",\n  "concurency": 5\n}');
  const { code, stderr } = await volley(['worker', '--config', 'volley.json'], { cwd });
  equal(stderr, 'volley: volley.json:3:3: "concurency" is not an option: did you mean concurrency?\n');
  equal(code, 78);
});

test('a secrets file the user may not read is named with the command that mends it', async (t) => {
  // A folder in its place gives the same kind of refusal to every user, root included.
  const cwd = folderOf(t);
  mkdirSync(join(cwd, 'secrets'));
  const { code, stderr } = await volley(['worker', '--secrets', 'secrets'], { cwd });
  match(stderr, /^volley: secrets is not a regular file: give a readable file with --secrets, or set/);
  equal(code, 78);
});

test('a fault of Volley itself is one line and 70, with its stack only when asked for', async (t: TestContext) => {
  const cwd = folderOf(t);
  const broken = join(cwd, 'broken.mjs');
  writeFileSync(broken, "process.stdout.write = () => { throw new TypeError('broken\\non purpose'); };");
  const env = { NODE_OPTIONS: `--import=${broken}` };
  const quiet = await volley(['version'], { env });
  equal(
    quiet.stderr,
    'volley: a bug in Volley: broken on purpose; please report it with what VOLLEY_DEBUG=1 prints\n',
  );
  equal(quiet.code, 70);
  const loud = await volley(['version'], { env: { ...env, VOLLEY_DEBUG: '1' } });
  match(loud.stderr, /TypeError: broken\s+on purpose\n\s+at /);
  equal(loud.code, 70);
});

test('a command that waits for what never comes is a fault of Volley, not a success', async (t) => {
  const stuck = join(folderOf(t), 'stuck.mjs');
  writeFileSync(stuck, 'process.stdout.write = () => false;');
  const { code, stderr } = await volley(['version'], { env: { NODE_OPTIONS: `--import=${stuck}` } });
  equal(code, 70);
  match(stderr, /^volley: a bug in Volley: the command waits for something that never comes; please report/);
});
