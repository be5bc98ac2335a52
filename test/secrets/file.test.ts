import { deepEqual, equal, ok } from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { secretProvider } from '../../src/secrets/provider.ts';
import { assertHidden, CANARY, refusal } from './refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'volley-secrets-'));
after(() => rmSync(folder, { recursive: true }));
const user = userInfo().username;
let files = 0;

function fileWith(content: string | Buffer, mode = 0o640): string {
  const path = join(folder, `secrets-${files++}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

const load = (env: Record<string, string>, secretsFile: string | null) =>
  secretProvider(env, { secretsFile }).load();

test('HMAC_SECRET takes the place of the default secrets of the file; those of names apply', async () => {
  const path = fileWith('from file\n[acct_42]\nits own\n');
  deepEqual(await load({ HMAC_SECRET: ' from env\n' }, path), {
    secrets: { default: [' from env\n'], byName: { acct_42: ['its own'] } },
    warnings: [`HMAC_SECRET is used, and not the default secrets in ${path}: unset it to use those`],
  });
  deepEqual((await load({}, path)).secrets.default, ['from file']);
});

test('with HMAC_SECRET the file may have no default secrets, or be missing, which is said where it was asked for', async () => {
  deepEqual((await load({ HMAC_SECRET: 'a' }, fileWith('[acct_42]\nb\n'))).secrets, {
    default: ['a'],
    byName: { acct_42: ['b'] },
  });
  const none = join(folder, 'none');
  deepEqual(await load({ HMAC_SECRET: 'a' }, none), {
    secrets: { default: ['a'], byName: {} },
    warnings: [`${none} is not there: HMAC_SECRET alone is signed with`],
  });
});

test('a file that was there may not go missing: its destinations would be signed with another key', async () => {
  const path = fileWith(`[acct_42]\n${CANARY}\n`);
  const provider = secretProvider({ HMAC_SECRET: CANARY }, { secretsFile: path });
  await provider.load();
  rmSync(path);
  equal(
    await refusal(() => provider.load()),
    `${path} is gone, and with it the secrets it named: put it back, or start without it`,
  );
});

test('the systemd credential webhook-secrets is used where it is there and no file is named', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'volley-credentials-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const env = { CREDENTIALS_DIRECTORY: directory };
  equal(secretProvider(env, { secretsFile: null }).place, '/etc/webhook/secrets');
  const path = join(directory, 'webhook-secrets');
  writeFileSync(path, 'from systemd\n[acct_42]\nits own\n', { mode: 0o400 });
  equal(secretProvider(env, { secretsFile: null }).place, path);
  deepEqual((await load(env, null)).secrets, { default: ['from systemd'], byName: { acct_42: ['its own'] } });
  deepEqual((await load({ ...env, HMAC_SECRET: 'e' }, null)).secrets.default, ['e']);
  deepEqual((await load(env, fileWith('named'))).secrets.default, ['named']);
});

test('without a word from anyone the file is /etc/webhook/secrets', () => {
  for (const env of [{}, { CREDENTIALS_DIRECTORY: '' }])
    equal(secretProvider(env, { secretsFile: null }).place, '/etc/webhook/secrets');
});

test('a file that every user can read is warned about, one that the group can read is not', async () => {
  const path = fileWith('a', 0o644);
  deepEqual((await load({}, path)).warnings, [`${path} is readable by every user: run "chmod 640 ${path}"`]);
  chmodSync(path, 0o640);
  deepEqual((await load({}, path)).warnings, []);
});

test('a byte order mark and a symbolic link do no harm', async () => {
  const link = join(folder, 'link');
  symlinkSync(fileWith('\ufeffa\n'), link);
  deepEqual((await load({}, link)).secrets.default, ['a']);
});

const FIX = 'give a readable file with --secrets, or set HMAC_SECRET';
const BAD: [
  name: string,
  env: Record<string, string>,
  path: () => string,
  message: (path: string) => string,
][] = [
  [
    'an empty HMAC_SECRET',
    { HMAC_SECRET: ' ' },
    () => '/etc/webhook/secrets',
    () => 'HMAC_SECRET is set but empty: give it a value, or unset it to use /etc/webhook/secrets',
  ],
  [
    'an HMAC_SECRET that is not what it says',
    { HMAC_SECRET: `whsec_${CANARY}!` },
    () => '/etc/webhook/secrets',
    () =>
      'HMAC_SECRET: what follows whsec_ is not base64: copy the secret again as a whole, or drop the prefix',
  ],
  [
    'no secret anywhere',
    {},
    () => join(folder, 'none'),
    (path) =>
      `there is no signing secret: set HMAC_SECRET, or put the secret in ${path} (or in another file given with --secrets), readable by user ${user}`,
  ],
  [
    'a file that is empty but for comments',
    {},
    () => fileWith(`# ${CANARY}\n\n`),
    (path) => `${path} holds no signing secret: put one in it, a line each, or set HMAC_SECRET`,
  ],
  [
    'a file of named secrets alone',
    {},
    () => fileWith(`[a]\n${CANARY}\n`),
    (path) => `${path} holds no default secret: put one above the first heading, or set HMAC_SECRET`,
  ],
  [
    'a mistake in the file',
    {},
    () => fileWith(`${CANARY}\n[a\n`),
    (path) =>
      `${path}:2: a heading is [name] alone in its line: close it, or write HMAC_SECRET= before a secret that begins with [`,
  ],
  [
    'a mistake in the file although HMAC_SECRET is there',
    { HMAC_SECRET: CANARY },
    () => fileWith(`${CANARY}\n[a]\n`),
    (path) => `${path}:2: the heading has no secret below it: put one there, or take it out`,
  ],
  ['a folder in place of the file', {}, () => folder, (path) => `${path} is not a regular file: ${FIX}`],
  [
    'a folder in place of the file although HMAC_SECRET is there',
    { HMAC_SECRET: CANARY },
    () => folder,
    (path) => `${path} is not a regular file: ${FIX}`,
  ],
  [
    'a file in place of a folder',
    {},
    () => join(fileWith(CANARY), 'secrets'),
    (path) => `${path} cannot be read by user ${user} (ENOTDIR): ${FIX}`,
  ],
  [
    'bytes that are not UTF-8',
    {},
    () => fileWith(Buffer.from(`${CANARY}\nü\nb\xfc${CANARY}\nc\n`, 'latin1')),
    (path) => `${path}:2 is not UTF-8 text: save the file as UTF-8`,
  ],
  [
    'a file in UTF-16',
    {},
    () => fileWith(Buffer.from(CANARY, 'utf16le')),
    (path) => `${path}:1 is not UTF-8 text: save the file as UTF-8`,
  ],
  [
    'a file that is too large',
    {},
    () => fileWith(`${CANARY}\n`.repeat((16 * 1_048_576) / 7 + 1)),
    (path) => `${path} is larger than 16 MiB: give the file that holds nothing else`,
  ],
];

for (const [name, env, pathOf, messageOf] of BAD)
  test(`one line says what to do about ${name}`, async () => {
    const path = pathOf();
    equal(await refusal(() => load(env, path)), messageOf(path));
  });

test('what a provider holds is in no dump of it', async () => {
  const path = fileWith(`${CANARY}\n[a]\n${CANARY}\n`, 0o644);
  for (const env of [{}, { HMAC_SECRET: CANARY }]) {
    const provider = secretProvider(env, { secretsFile: path });
    const { warnings } = await provider.load();
    assertHidden(provider);
    assertHidden(warnings);
    ok(!provider.place.includes(CANARY));
  }
});
