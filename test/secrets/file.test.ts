import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadSecrets } from '../../src/config/secrets.ts';
import { VolleyError } from '../../src/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'volley-secrets-'));
after(() => rmSync(folder, { recursive: true }));
const user = userInfo().username;

function fileWith(text: string): string {
  const path = join(folder, 'secrets');
  writeFileSync(path, text);
  return path;
}

test('HMAC_SECRET wins over the file', () => {
  deepEqual(loadSecrets({ HMAC_SECRET: ' from env\n' }, fileWith('from file')), [' from env\n']);
});

test('the file holds a secret a line, newest first, with comments, assignments and Windows line ends', () => {
  const path = fileWith(
    '# rotated in May\r\nnewest\r\n\r\n  HMAC_SECRET=a=b \r\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\r\n',
  );
  deepEqual(loadSecrets({}, path), ['newest', 'a=b', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']);
});

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
    'no secret anywhere',
    {},
    () => join(folder, 'none'),
    (path) =>
      `there is no signing secret: set HMAC_SECRET, or put the secret in ${path} (or in another file given with --secrets), readable by user ${user}`,
  ],
  [
    'a file that is empty but for comments',
    {},
    () => fileWith('# soon\n\n'),
    (path) => `${path} holds no signing secret: put one in it, a line each, or set HMAC_SECRET`,
  ],
  [
    'an assignment without a value',
    {},
    () => fileWith('first\nHMAC_SECRET=\n'),
    (path) => `${path}:2: HMAC_SECRET= has no value: put the secret after it`,
  ],
  [
    'a folder in place of the file',
    {},
    () => folder,
    (path) =>
      `${path} cannot be read by user ${user} (EISDIR): give a readable file with --secrets, or set HMAC_SECRET`,
  ],
];

for (const [name, env, pathOf, messageOf] of BAD)
  test(`one line says what to do about ${name}`, () => {
    const path = pathOf();
    throws(() => loadSecrets(env, path), { code: 'VOLLEY_SECRET', exitCode: 78, message: messageOf(path) });
  });

test('a whsec_ secret that is not base64 is refused and never shown', () => {
  for (const secret of ['whsec_', 'whsec_hush5', 'whsec_aHVzaA=', 'whsec_hu*h']) {
    for (const load of [
      () => loadSecrets({ HMAC_SECRET: secret }, ''),
      () => loadSecrets({}, fileWith(secret)),
    ]) {
      throws(load, (error) => {
        ok(error instanceof VolleyError);
        equal(error.code, 'VOLLEY_SECRET');
        ok(/: what follows whsec_ is not base64/.test(error.message), error.message);
        ok(!/hu.h|aHVz/.test(error.message), error.message);
        return true;
      });
    }
  }
});
