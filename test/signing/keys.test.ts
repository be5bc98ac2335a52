import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { schemesFault, secretFault } from '../../src/signing/keys.ts';
import { KEY_PAIR } from './requests.ts';

/** The private key with another public key behind it. */
const TORN = `whsk_${Buffer.concat([
  Buffer.from(KEY_PAIR.seed.slice('whsk_'.length), 'base64'),
  Buffer.alloc(32, 7),
]).toString('base64')}`;

test('every form of a secret is fine', () => {
  for (const secret of [
    's',
    ' padded ',
    'Zoë',
    'whsec',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    KEY_PAIR.private,
    KEY_PAIR.seed,
  ])
    for (const use of ['sign', 'verify'] as const) equal(secretFault(secret, use), null);
  equal(secretFault(KEY_PAIR.public, 'verify'), null);
});

const BAD: [secret: string, fault: RegExp][] = [
  ['', /^the secret is empty: give it a value$/],
  [' \n', /^the secret is empty/],
  [undefined as unknown as string, /^the secret is empty/],
  ['whsec_', /^what follows whsec_ is not base64: copy the secret again as a whole, or drop the prefix$/],
  ['whsec_hu*h', /whsec_ is not base64/],
  ['whsec_aHVzaA=', /whsec_ is not base64/],
  ['whsec_aHVzaA==\n', /whsec_ is not base64/],
  ['whsk_hush', /^what follows whsk_ is not 32 or 64 bytes/],
  [KEY_PAIR.private.slice(0, -4), /whsk_ is not 32 or 64 bytes/],
  [TORN, /^the public key in whsk_ is not that of its private key/],
  [
    KEY_PAIR.public,
    /^whpk_ is a public key, which cannot sign: give the private key that begins with whsk_$/,
  ],
];

for (const [index, [secret, fault]] of BAD.entries())
  test(`a bad secret is told in a few words that do not hold it (${index + 1}: ${fault.source})`, () => {
    const told = secretFault(secret);
    ok(told !== null && fault.test(told), String(told));
    ok(!/hush|hu\*h|aHVz/.test(told) && !told.includes(KEY_PAIR.public.slice(5)), told);
  });

test('a public key is looked at where it is to verify', () => {
  equal(
    secretFault('whpk_hush', 'verify'),
    'what follows whpk_ is not 32 bytes: copy the key again as a whole',
  );
});

test('ed25519 keys alone do for the schemes that know them', () => {
  equal(schemesFault([KEY_PAIR.private, KEY_PAIR.public], ['standard', 'svix']), null);
  equal(schemesFault([KEY_PAIR.private, 's'], ['hub', 'standard', 'shopify']), null);
  equal(
    schemesFault([KEY_PAIR.private], ['standard', 'hub', 'stripe']),
    'every secret is an ed25519 key, which hub, stripe cannot sign with: add a symmetric secret, or leave out hub, stripe',
  );
  equal(schemesFault(['s'], []), 'no signature scheme is named: name at least one');
});
