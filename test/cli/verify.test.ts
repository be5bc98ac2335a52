import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SignatureScheme } from '../../src/signing/schemes.ts';
import { KEY_PAIR, PUBLISHED, signedHeaders } from '../signing/requests.ts';
import { type Ended, folderOf, volley } from './volley.ts';

const SECRET = 's3cret';
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const nowSeconds = () => Math.floor(Date.now() / 1000);

/** `openssl dgst -sha256 -hmac s3cret` of every byte there is. */
const OPENSSL_HUB = '2927b7e2267900ec8649979beefebe91582ac610c176f959564f06183468cd02';

interface Request {
  readonly schemes?: readonly SignatureScheme[];
  readonly secrets?: readonly string[];
  readonly seconds?: number;
  readonly body?: Buffer;
}

/** The headers of a request, signed just now unless said, as flags. */
function headerFlags({
  schemes = ['hub', 'standard'],
  secrets = [SECRET],
  seconds,
  body,
}: Request): string[] {
  const headers = signedHeaders(secrets, schemes, {
    seconds: seconds ?? nowSeconds(),
    body: body ?? ALL_BYTES,
  });
  return Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
}

/** Verifies a body that came on standard input with the secret in the environment. */
function verifyInput(args: readonly string[], body: Buffer, secret = SECRET): Promise<Ended> {
  return volley(['verify', ...args], { env: { HMAC_SECRET: secret }, input: body });
}

/** The one line that a request is refused with. */
async function reasonOf(args: readonly string[], body: Buffer, secret?: string): Promise<string> {
  const { code, stdout, stderr } = await verifyInput(args, body, secret);
  deepEqual([code, stderr], [1, '']);
  match(stdout, /^invalid: .*\n$/);
  return stdout.slice('invalid: '.length, -1);
}

test('what Volley sends is valid, told in one line, whatever bytes the body has', async () => {
  for (const body of [ALL_BYTES, Buffer.alloc(0), Buffer.alloc(2_097_152, ALL_BYTES)]) {
    const { code, stdout, stderr } = await verifyInput(headerFlags({ body }), body);
    match(stdout, /^valid: standard, signed \d+ s ago, id evt_1\n$/);
    deepEqual([code, stderr], [0, '']);
  }
});

test('headers are read from a file as curl and proxies write them, and the body from another', async (t) => {
  const cwd = folderOf(t);
  const headers = signedHeaders(['old', SECRET], ['standard'], {
    seconds: nowSeconds() - 40,
    body: ALL_BYTES,
  });
  const lines = Object.entries(headers).map(([name, value]) => `> ${name.toUpperCase()}:  ${value} \r\n`);
  writeFileSync(
    join(cwd, 'headers'),
    `* Connected to localhost\r\n> POST http://localhost/hooks HTTP/1.1\r\n> Host: localhost:8080\r\n${lines.join('')}> \r\n`,
  );
  writeFileSync(join(cwd, 'body'), ALL_BYTES);
  writeFileSync(join(cwd, 'secrets'), `unknown\n${SECRET}\n`);
  const { code, stdout, stderr } = await volley(
    ['verify', '--headers', 'headers', '--body', 'body', '--secrets', 'secrets', '--json'],
    { cwd },
  );
  deepEqual([code, stderr], [0, '']);
  const { ageSeconds, ...told } = JSON.parse(stdout) as { ageSeconds: number };
  ok(ageSeconds >= 40 && ageSeconds < 100, String(ageSeconds));
  const timestamp = new Date(Number(headers['webhook-timestamp']) * 1000).toISOString();
  deepEqual(told, { valid: true, scheme: 'standard', id: 'evt_1', timestamp });
});

test('a public key is enough, and an old request is valid with more tolerance', async () => {
  const { headers, body } = PUBLISHED.find(({ secret }) => secret === KEY_PAIR.private)!;
  const flags = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
  const { code, stdout } = await verifyInput(
    [...flags, '--tolerance', '3650d'],
    Buffer.from(body),
    KEY_PAIR.public,
  );
  match(stdout, /^valid: standard, signed \d+ s ago, id msg_p5jXN8AQM9LWM0D4loKWxJek\n$/);
  equal(code, 0);
  match(
    await reasonOf(flags, Buffer.from(body), KEY_PAIR.public),
    /^the standard signature matches, but is \d+ s old, and 300 s are allowed: if it was sent just now, set the clocks of both sides; if it was kept, allow for that with --tolerance$/,
  );
});

test('the signature that openssl makes is valid where hub is asked for, and only there', async () => {
  const flags = ['--header', `X-Hub-Signature-256: sha256=${OPENSSL_HUB}`];
  const { code, stdout } = await verifyInput(['--scheme', 'hub', ...flags], ALL_BYTES);
  deepEqual([code, stdout], [0, 'valid: hub, which signs no time: a replay is as valid\n']);
  match(
    await reasonOf(flags, ALL_BYTES),
    /^the request is signed by hub only, .*: name hub among the schemes/,
  );
  equal(
    await reasonOf([...flags, '--scheme', 'hub,standard'], ALL_BYTES),
    'the request carries no webhook-signature',
  );
  const both = await verifyInput([...headerFlags({}), '--scheme', 'hub', '--scheme', 'standard'], ALL_BYTES);
  match(both.stdout, /^valid: hub and standard, signed \d+ s ago, id evt_1\n$/);
});

const JSON_BODY = Buffer.from('{"n":1}');
const ENCODED = Buffer.from('a key of 24 bytes, encoded').toString('base64');

/** What went wrong, with which body and secret the request was signed, with which it is verified, and what is told. */
const CAUSES: [name: string, signed: Request, body: Buffer, secret: string, told: RegExp][] = [
  [
    'a newline was added',
    { body: JSON_BODY },
    Buffer.from('{"n":1}\n'),
    SECRET,
    /^the signature matches the body without the line end at its end: /,
  ],
  [
    'a Windows line end was added',
    { body: JSON_BODY },
    Buffer.from('{"n":1}\r\n'),
    SECRET,
    /without the line end at its end: /,
  ],
  [
    'a newline was taken away',
    { body: Buffer.from('{"n":1}\n') },
    JSON_BODY,
    SECRET,
    /^the signature matches the body with a newline at its end: /,
  ],
  [
    'the body was formatted again',
    { body: JSON_BODY },
    Buffer.from('{\n  "n": 1\n}\n'),
    SECRET,
    /^the signature matches the same JSON written compactly: /,
  ],
  [
    'the secret has white space around it',
    {},
    ALL_BYTES,
    `${SECRET}\n`,
    /^the signature matches the secret without the white space around it: /,
  ],
  [
    'the secret lacks its prefix',
    { secrets: [`whsec_${ENCODED}`] },
    ALL_BYTES,
    ENCODED,
    /^the signature matches the secret taken as base64: write whsec_ before it$/,
  ],
  [
    'the prefix is too much',
    { secrets: [ENCODED] },
    ALL_BYTES,
    `whsec_${ENCODED}`,
    /^the signature matches the secret without whsec_, taken literally: /,
  ],
  [
    'the sender does not decode the secret',
    { secrets: [`whsec_${Buffer.from(`whsec_${ENCODED}`).toString('base64')}`] },
    ALL_BYTES,
    `whsec_${ENCODED}`,
    /^the signature matches the secret taken literally, whsec_ included: /,
  ],
  [
    'the secret is another',
    {},
    ALL_BYTES,
    'another',
    /^no secret matches the standard signature: it was made with another one, or over another body than these bytes$/,
  ],
];

for (const [name, signed, body, secret, told] of CAUSES)
  test(`the line names the cause where ${name}`, async () => {
    const reason = await reasonOf(headerFlags(signed), body, secret);
    ok(told.test(reason), reason);
    ok(!reason.includes(SECRET) && !reason.includes(ENCODED), reason);
  });

test('programs get the reason, the detail and the hint', async () => {
  const { code, stdout } = await verifyInput(
    [...headerFlags({ body: JSON_BODY }), '--json'],
    Buffer.from('{"n":1}\n'),
  );
  const { valid, reason, detail, hint } = JSON.parse(stdout) as Record<string, string>;
  deepEqual([code, valid, reason], [1, false, 'no-match']);
  match(detail!, /^no secret matches/);
  match(hint!, /without the line end at its end/);
  const clock = await verifyInput([...headerFlags({ seconds: nowSeconds() + 900 }), '--json'], ALL_BYTES);
  match(JSON.parse(clock.stdout).detail, /is (?:900|89\d) s in the future, and 300 s are allowed/);
});

const USAGE: [name: string, args: string[], told: RegExp][] = [
  ['no headers', [], /^volley: the request's headers are missing: give each with --header/],
  ['a header without a colon', ['--header', 'x'], /--header is "x": write it as 'name: value'/],
  ['a file of headers that is not there', ['--headers', 'none'], /--headers none cannot be read \(ENOENT\)/],
  ['headers without an end', ['--headers', '/dev/zero'], /--headers \/dev\/zero has more than 1048576 bytes/],
  ['a file without headers', ['--headers', 'empty'], /--headers empty holds no header/],
  [
    'a body that is not there',
    ['--header', 'a: b', '--body', 'none'],
    /--body none cannot be read \(ENOENT\)/,
  ],
  [
    'no tolerance',
    ['--header', 'a: b', '--tolerance', '0'],
    /--tolerance is "0": give a time from 1s to 3650d/,
  ],
  [
    'an unknown scheme',
    ['--header', 'a: b', '--scheme', 'github'],
    /--scheme is "github": give one or more of hub, standard, svix/,
  ],
];

for (const [name, args, told] of USAGE)
  test(`one line says what to do about ${name}`, async (t) => {
    const cwd = folderOf(t);
    writeFileSync(join(cwd, 'empty'), 'GET / HTTP/1.1\n\n');
    const { code, stdout, stderr } = await volley(['verify', ...args], { cwd, env: { HMAC_SECRET: SECRET } });
    ok(told.test(stderr) && stderr.endsWith('\n') && stderr.split('\n').length === 2, stderr);
    deepEqual([code, stdout], [64, '']);
  });

test('without a secret nothing is verified', async (t) => {
  const { code, stderr } = await volley(['verify', '--secrets', 'none', '--header', 'a: b'], {
    cwd: folderOf(t),
  });
  match(stderr, /^volley: there is no signing secret: set HMAC_SECRET/);
  equal(code, 78);
});

test('control characters in an id are not written to the terminal', async () => {
  const headers = [
    '--header',
    'webhook-id: a\u001b[31m',
    '--header',
    'webhook-timestamp: 1',
    '--header',
    'webhook-signature: v1,x',
  ];
  match(await reasonOf(headers, ALL_BYTES), /^webhook-id is not an id: 1 to 256 visible ASCII/);
});
