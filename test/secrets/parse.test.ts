import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { parseSecrets } from '../../src/secrets/parse.ts';
import { CANARY, refusal } from './refusal.ts';

const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('the file holds a secret a line, newest first, with comments, assignments and Windows line ends', () => {
  const text = `# rotated in May\r\nnewest\r\n\r\n  HMAC_SECRET=a=b \r\n${WHSEC}\r\n`;
  deepEqual(parseSecrets(text, 'f').secrets, { default: ['newest', 'a=b', WHSEC], byName: {} });
});

test('a heading starts the secrets of a name: an id, an origin, or what the settings call it', () => {
  const text = `one\n[acct_42]\na\n# old\nHMAC_SECRET=b\n\n[ https://example.com ]\n${WHSEC}\n[https://[::1]:8443]\nc\n[__proto__]\nHMAC_SECRET=[d]\n`;
  const { secrets, warnings } = parseSecrets(text, 'f');
  deepEqual(secrets.default, ['one']);
  deepEqual(Object.entries(secrets.byName), [
    ['acct_42', ['a', 'b']],
    ['https://example.com', [WHSEC]],
    ['https://[::1]:8443', ['c']],
    ['__proto__', ['[d]']],
  ]);
  deepEqual(warnings, []);
});

test('the default secrets may have a heading of their own, or be missing', () => {
  deepEqual(parseSecrets('[a]\nx\n[default]\ny\n', 'f').secrets, { default: ['y'], byName: { a: ['x'] } });
  deepEqual(parseSecrets('# soon\n', 'f').secrets, { default: [], byName: {} });
});

test('a URL with a path is a destination that may be meant, and more likely an origin: a warning', () => {
  const { secrets, warnings } = parseSecrets('a\n[https://example.com/hooks]\nb\n', 'f');
  deepEqual(secrets.byName, { 'https://example.com/hooks': ['b'] });
  equal(warnings.length, 1);
  ok(
    /^f:2: what looks like a URL and is no origin names only events whose "destination" is exactly that/.test(
      warnings[0]!,
    ),
  );
});

const ORIGIN = 'write the origin as https://example.com: lower case, no slash at the end, no usual port';
const BAD: [name: string, text: string, message: string][] = [
  [
    'an assignment without a value',
    `${CANARY}\nHMAC_SECRET=\n`,
    'f:2: HMAC_SECRET= has no value: put the secret after it',
  ],
  [
    'a secret that is not what it says',
    `[a]\nwhsec_${CANARY}!\n`,
    'f:2: what follows whsec_ is not base64: copy the secret again as a whole, or drop the prefix',
  ],
  [
    'a heading without secrets',
    `${CANARY}\n[a]\n# none\n[b]\n${CANARY}\n`,
    'f:2: the heading has no secret below it: put one there, or take it out',
  ],
  [
    'a heading at the end',
    `${CANARY}\n[a]`,
    'f:2: the heading has no secret below it: put one there, or take it out',
  ],
  [
    'a heading that is there twice',
    `x\n[${CANARY}]\ny\n\n[${CANARY}]\nz\n`,
    'f:5: the heading is there twice, first in f:2: keep one, with the secrets of both',
  ],
  [
    'default secrets in two places',
    `${CANARY}\n[default]\nx\n`,
    'f:2: the default secrets are above the first heading already: keep them in one place',
  ],
  [
    'a heading that is not closed',
    `x\n[${CANARY}\ny\n`,
    'f:2: a heading is [name] alone in its line: close it, or write HMAC_SECRET= before a secret that begins with [',
  ],
  [
    'a heading with a comment behind it',
    `x\n[a] # ${CANARY}\ny\n`,
    'f:2: a heading is [name] alone in its line: close it, or write HMAC_SECRET= before a secret that begins with [',
  ],
  ['a heading without a name', `x\n[]\n${CANARY}\n`, 'f:2: a name has 1 to 512 printable ASCII characters'],
  [
    'a name that no destination can have',
    `x\n[${CANARY}\u0007]\ny\n`,
    'f:2: a name has 1 to 512 printable ASCII characters',
  ],
  [
    'a name that is too long',
    `x\n[${CANARY.repeat(100)}]\ny\n`,
    'f:2: a name has 1 to 512 printable ASCII characters',
  ],
  ['an origin with a slash', `x\n[https://${CANARY}.com/]\ny\n`, `f:2: ${ORIGIN}`],
  ['an origin in capitals', `x\n[https://${CANARY}.COM]\ny\n`, `f:2: ${ORIGIN}`],
  ['an origin with its usual port', `x\n[https://${CANARY}.com:443]\ny\n`, `f:2: ${ORIGIN}`],
];

for (const [name, text, message] of BAD)
  test(`${name} is refused with its line and the fix`, async () => {
    equal(await refusal(() => parseSecrets(text, 'f')), message);
  });
