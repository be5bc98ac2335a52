import { deepEqual, equal } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { type SignatureScheme, signer } from '../../src/signing/sign.ts';

/** The headers that a signer adds, by name. */
function headersOf(secrets: string[], schemes: SignatureScheme[], id: string, seconds: number, body: Buffer) {
  const headers: string[] = [];
  signer(secrets, schemes)(headers, id, seconds, body);
  return Object.fromEntries(headers.flatMap((name, i) => (i % 2 === 0 ? [[name, headers[i + 1]!]] : [])));
}

/** ASCII, as the package takes raw secrets for Latin-1. */
const anySecret = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((secret) => !secret.startsWith('whsec_')),
  fc
    .uint8Array({ minLength: 24, maxLength: 64 })
    .map((key) => `whsec_${Buffer.from(key).toString('base64')}`),
);
const anyBody = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
);

test('the standardwebhooks package accepts every signature, by each of the secrets', () => {
  const now = Math.floor(Date.now() / 1000);
  fc.assert(
    fc.property(
      fc.array(anySecret, { minLength: 1, maxLength: 3 }),
      fc.stringMatching(/^[A-Za-z0-9_:-]{1,40}$/),
      anyBody,
      (secrets, id, body) => {
        const headers = headersOf(secrets, ['standard'], id, now, Buffer.from(body));
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

test('a secret beyond ASCII is taken as its UTF-8 bytes', () => {
  const { 'webhook-signature': signature } = headersOf(
    ['Zoë \u{1f3d0}'],
    ['standard'],
    'a',
    1,
    Buffer.from('1'),
  );
  equal(
    signature,
    `v1,${createHmac('sha256', Buffer.from('Zoë \u{1f3d0}')).update('a.1.1').digest('base64')}`,
  );
});

test('the hub signature is the HMAC of the body by the newest secret as it is written', () => {
  fc.assert(
    fc.property(anySecret, anySecret, anyBody, (newest, older, body) => {
      const headers = headersOf([newest, older], ['hub'], 'id', 0, Buffer.from(body));
      deepEqual(headers, {
        'x-hub-signature-256': `sha256=${createHmac('sha256', newest).update(body).digest('hex')}`,
      });
    }),
  );
});

test('the example of the Standard Webhooks specification is signed as it says', () => {
  const headers = headersOf(
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
    ['standard'],
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    1_614_265_330,
    Buffer.from('{"test": 2432232314}'),
  );
  deepEqual(headers, {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});
