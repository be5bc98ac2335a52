import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { fixedSecrets } from '../../src/secrets/fixed.ts';
import type { SigningSecrets } from '../../src/signing/secrets.ts';
import { assertHidden, CANARY, refusal } from './refusal.ts';

test('a program gives default secrets, or those of names too; they never change', async () => {
  deepEqual(await fixedSecrets(['b', 'a']).load(), {
    secrets: { default: ['b', 'a'], byName: {} },
    warnings: [],
  });
  const secrets: SigningSecrets = { default: ['a'], byName: { acct_42: ['b'] } };
  const provider = fixedSecrets(secrets);
  deepEqual((await provider.load()).secrets, secrets);
  provider.watch(() => {})();
});

test('what a program gave is in no dump of the provider', () => {
  assertHidden(fixedSecrets([CANARY]));
});

const BAD: [given: unknown, message: string][] = [
  [[], 'signingSecrets is empty: give at least one secret'],
  [[CANARY, ''], 'signingSecrets[1] is empty: give it a value'],
  [[CANARY, 7], 'signingSecrets[1] is empty: give it a value'],
  [
    [`whsec_${CANARY}!`],
    'signingSecrets[0]: what follows whsec_ is not base64: copy the secret again as a whole, or drop the prefix',
  ],
  [undefined, 'signingSecrets is no array of secrets: give one, or { default, byName }'],
  [CANARY, 'signingSecrets is no array of secrets: give one, or { default, byName }'],
  [{ byName: { a: [CANARY] } }, 'signingSecrets.default is empty: give at least one secret'],
  [{ default: [CANARY], byName: { a: [] } }, 'signingSecrets.byName["a"] is empty: give at least one secret'],
  [
    { default: [CANARY], byName: { a: CANARY } },
    'signingSecrets.byName["a"] is empty: give at least one secret',
  ],
  [
    { default: [CANARY], byName: { a: [CANARY, ''] } },
    'signingSecrets.byName["a"][1] is empty: give it a value',
  ],
];

for (const [given, message] of BAD)
  test(`a program is told at once: ${message}`, async () => {
    equal(await refusal(() => fixedSecrets(given as SigningSecrets)), message);
  });
