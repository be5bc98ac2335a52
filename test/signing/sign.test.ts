import { deepEqual, equal, throws } from 'node:assert/strict';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { headersFault } from '../../src/delivery/fields.ts';
import { SCHEME_FORMS, SIGNATURE_SCHEMES } from '../../src/signing/schemes.ts';
import { signer } from '../../src/signing/sign.ts';
import { opensslHmac } from '../openssl.ts';
import { KEY_PAIR, PUBLISHED, signedHeaders } from './requests.ts';

/** ASCII, as the package takes raw secrets for Latin-1. */
const anySecret = fc.oneof(
  fc
    .string({ unit: 'grapheme-ascii', minLength: 1 })
    .filter((secret) => secret.trim() !== '' && !/^wh(?:sec|sk|pk)_/.test(secret)),
  fc
    .uint8Array({ minLength: 24, maxLength: 64 })
    .map((key) => `whsec_${Buffer.from(key).toString('base64')}`),
);
const anyBody = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
);

const hmac = (secret: string | Buffer, message: string) => createHmac('sha256', secret).update(message);

test('the standardwebhooks package accepts every signature, by each of the secrets', () => {
  const seconds = Math.floor(Date.now() / 1000);
  fc.assert(
    fc.property(
      fc.array(anySecret, { minLength: 1, maxLength: 3 }),
      fc.stringMatching(/^[A-Za-z0-9_:-]{1,40}$/),
      anyBody,
      (secrets, id, body) => {
        const headers = signedHeaders(secrets, ['standard'], { id, seconds, body: Buffer.from(body) });
        for (const secret of secrets) {
          const webhook = secret.startsWith('whsec_')
            ? new Webhook(secret)
            : new Webhook(secret, { format: 'raw' });
          webhook.verify(body, headers);
        }
        equal(headers['webhook-signature']!.split(' ').length, secrets.length);
      },
    ),
  );
});

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const BODIES: [name: string, body: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['text beyond ASCII', Buffer.from('{"snow\u2603":"héllo \u{1f3d0} 日本"}')],
  ['every byte there is', ALL_BYTES],
  ['every byte there is as a character', Buffer.from(JSON.stringify(ALL_BYTES.toString('latin1')))],
  ['2 MiB of text', Buffer.from(`"${'é'.repeat(1_048_575)}"`)],
  ['2 MiB of every byte', Buffer.alloc(2_097_152, ALL_BYTES)],
];

for (const [name, body] of BODIES)
  test(`openssl and standardwebhooks make the signatures of ${name} as we do`, { timeout: 180_000 }, () => {
    const plain = 's3cret of Zoë';
    const encoded = `whsec_${ALL_BYTES.toString('base64')}`;
    const seconds = Math.floor(Date.now() / 1000);
    const headers = signedHeaders([plain, encoded], SIGNATURE_SCHEMES, { id: 'evt_7', seconds, body });
    const signed = (prefix: string) => Buffer.concat([Buffer.from(prefix), body]);
    const standard = [plain, ALL_BYTES].map(
      (key) => `v1,${opensslHmac(key, signed(`evt_7.${seconds}.`)).toString('base64')}`,
    );
    const stripe = [plain, encoded].map(
      (key) => `v1=${opensslHmac(key, signed(`${seconds}.`)).toString('hex')}`,
    );
    const time = String(seconds);
    deepEqual(headers, {
      'x-hub-signature-256': `sha256=${opensslHmac(plain, body).toString('hex')}`,
      'webhook-id': 'evt_7',
      'webhook-timestamp': time,
      'webhook-signature': standard.join(' '),
      'svix-id': 'evt_7',
      'svix-timestamp': time,
      'svix-signature': standard.join(' '),
      'stripe-signature': `t=${time},${stripe.join(',')}`,
      'x-slack-request-timestamp': time,
      'x-slack-signature': `v0=${opensslHmac(plain, signed(`v0:${time}:`)).toString('hex')}`,
      'x-shopify-hmac-sha256': opensslHmac(plain, body).toString('base64'),
    });
    // The package takes bodies for text in UTF-8.
    if (Buffer.from(body.toString()).equals(body))
      new Webhook(encoded).verify(body.toString(), headers, { jsonParse: false });
  });

for (const { source, scheme, secret, id, seconds, body, headers } of PUBLISHED)
  test(`a published request is signed as it was: ${source}`, () => {
    deepEqual(signedHeaders([secret], [scheme], { id, seconds, body: Buffer.from(body) }), headers);
  });

test('a secret beyond ASCII is taken as its UTF-8 bytes', () => {
  const secret = 'Zoë \u{1f3d0}';
  const body = Buffer.from('1');
  const headers = signedHeaders([secret], ['standard'], { id: 'a', seconds: 1, body });
  equal(headers['webhook-signature'], `v1,${hmac(Buffer.from(secret), 'a.1.1').digest('base64')}`);
});

test('a header with room for one signature holds the newest symmetric secret’s, as it is written', () => {
  fc.assert(
    fc.property(anySecret, anySecret, anyBody, (newest, older, body) => {
      deepEqual(
        signedHeaders([KEY_PAIR.seed, newest, older], ['hub', 'slack', 'shopify'], {
          seconds: 5,
          body: Buffer.from(body),
        }),
        {
          'x-hub-signature-256': `sha256=${hmac(newest, body).digest('hex')}`,
          'x-slack-request-timestamp': '5',
          'x-slack-signature': `v0=${hmac(newest, `v0:5:${body}`).digest('hex')}`,
          'x-shopify-hmac-sha256': hmac(newest, body).digest('base64'),
        },
      );
    }),
  );
});

test('an ed25519 secret signs beside the symmetric ones, newest first, as node:crypto verifies with the public key alone', () => {
  const x = Buffer.from(KEY_PAIR.public.slice('whpk_'.length), 'base64').toString('base64url');
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  for (const [, body] of BODIES)
    for (const secret of [KEY_PAIR.private, KEY_PAIR.seed]) {
      const headers = signedHeaders(['newest', secret, 'oldest'], ['standard', 'stripe'], {
        seconds: 5,
        body,
      });
      const [first, second, third] = headers['webhook-signature']!.split(' ');
      const content = Buffer.concat([Buffer.from('evt_1.5.'), body]);
      equal(first, `v1,${createHmac('sha256', 'newest').update(content).digest('base64')}`);
      equal(third, `v1,${createHmac('sha256', 'oldest').update(content).digest('base64')}`);
      equal(second!.slice(0, 4), 'v1a,');
      equal(verify(null, content, publicKey, Buffer.from(second!.slice(4), 'base64')), true);
      // Stripe knows no such signatures.
      equal(headers['stripe-signature']!.split(',').length, 3);
    }
});

test('a signer works for any number of requests of any size, and each time with the time given', () => {
  const sign = signer(['s'], ['stripe']);
  for (const [seconds, size] of [
    [1, 10],
    [2, 20_000],
    [3, 0],
    [3, 16_384],
  ] as const) {
    const headers: string[] = ['a', 'b'];
    sign(headers, 'id', seconds, Buffer.alloc(size, 'x'));
    const signature = hmac('s', `${seconds}.${'x'.repeat(size)}`).digest('hex');
    deepEqual(headers, ['a', 'b', 'stripe-signature', `t=${seconds},v1=${signature}`]);
  }
});

test('nothing is signed without a secret, without a scheme, or with a key that cannot sign', () => {
  const message = (text: RegExp) => ({ code: 'VOLLEY_SECRET', exitCode: 78, message: text });
  throws(() => signer([], ['hub']), message(/there is no secret/));
  throws(() => signer(['s'], []), message(/no signature scheme is named/));
  throws(() => signer(['s', ' '], ['hub']), message(/^secret 2: the secret is empty/));
  throws(() => signer([KEY_PAIR.public], ['standard']), message(/is a public key, which cannot sign/));
  throws(
    () => signer([KEY_PAIR.private], ['hub', 'standard', 'slack']),
    message(/ed25519 key, which hub, slack cannot sign with/),
  );
});

test('an event cannot bring a signature header of its own', () => {
  for (const { signatureHeader, idHeader, timestampHeader } of Object.values(SCHEME_FORMS))
    for (const name of [signatureHeader, idHeader, timestampHeader])
      if (name !== null)
        equal(headersFault({ [name]: 'x' }), `"headers" cannot set ${name}: Volley or HTTP itself does`);
});
