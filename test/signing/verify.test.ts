import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { VolleyError } from '../../src/errors.ts';
import { type SignedRequest, verify } from '../../src/index.ts';
import { SCHEME_FORMS, SIGNATURE_SCHEMES, type SignatureScheme } from '../../src/signing/schemes.ts';
import { KEY_PAIR, PUBLISHED, signedHeaders } from './requests.ts';

const SECRET = 's3cret';
const SECONDS = 1_700_000_000;
const NOW_MS = SECONDS * 1000 + 500;
const TIMED: readonly SignatureScheme[] = ['standard', 'svix', 'stripe', 'slack'];
const TIMELESS: readonly SignatureScheme[] = ['hub', 'shopify'];

/** A request as it came, with what is said of it put over. */
function request(schemes: readonly SignatureScheme[], change: Partial<SignedRequest> = {}): SignedRequest {
  const body = Buffer.from('{"n":1}');
  const headers = signedHeaders([SECRET], schemes, { seconds: SECONDS, body });
  return { headers, body, secrets: [SECRET], nowMs: NOW_MS, ...change };
}

/** The reason that a request is refused with. Fails for one that is not, and for any other error. */
function refusal(refused: SignedRequest): string {
  try {
    verify(refused);
  } catch (error) {
    ok(error instanceof VolleyError, String(error));
    deepEqual([error.code, error.exitCode], ['VOLLEY_SIGNATURE_INVALID', 1]);
    return error.message;
  }
  throw new Error('the request was accepted');
}

const without = (headers: SignedRequest['headers'], ...names: string[]) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));

test('what Volley sends unless told otherwise is accepted without options', () => {
  const body = Buffer.from('{"n":1}');
  const seconds = Math.floor(Date.now() / 1000);
  const headers = signedHeaders([SECRET], ['hub', 'standard'], { seconds, body });
  deepEqual(verify({ headers, body, secrets: [SECRET] }), {
    scheme: 'standard',
    id: 'evt_1',
    timestamp: new Date(seconds * 1000),
  });
});

test('every request is accepted by each of its secrets, whatever the scheme, the id and the body', () => {
  const anySecret = fc.oneof(
    fc
      .string({ unit: 'binary', minLength: 1 })
      .filter((text) => text.trim() !== '' && !/^wh(?:sec|sk|pk)_/.test(text)),
    fc
      .uint8Array({ minLength: 1, maxLength: 80 })
      .map((key) => `whsec_${Buffer.from(key).toString('base64')}`),
  );
  fc.assert(
    fc.property(
      fc.array(anySecret, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(...SIGNATURE_SCHEMES),
      fc.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/),
      fc.uint8Array({ maxLength: 20_000 }),
      fc.nat({ max: 4_000_000_000 }),
      (secrets, scheme, id, bytes, seconds) => {
        const body = Buffer.from(bytes);
        const headers = signedHeaders(secrets, [scheme], { id, seconds, body });
        const form = SCHEME_FORMS[scheme];
        for (const secret of form.separator === null ? secrets.slice(0, 1) : secrets)
          deepEqual(
            verify({ headers, body, secrets: ['another', secret], nowMs: seconds * 1000, schemes: [scheme] }),
            {
              scheme,
              id: form.idHeader === null ? null : id,
              timestamp: TIMED.includes(scheme) ? new Date(seconds * 1000) : null,
            },
          );
      },
    ),
  );
});

for (const { source, scheme, secret, seconds, body, headers } of PUBLISHED)
  test(`a published request is accepted: ${source}`, () => {
    equal(
      verify({ headers, body, secrets: [secret], nowMs: seconds * 1000, schemes: [scheme] }).scheme,
      scheme,
    );
  });

test('headers and bodies are taken as every framework gives them', () => {
  const body = Buffer.from('{"n":1}');
  const headers = signedHeaders([SECRET], ['hub', 'standard'], { seconds: SECONDS, body });
  const base = { secrets: [SECRET], nowMs: NOW_MS };
  const upper = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]),
  );
  for (const given of [
    headers,
    upper,
    new Headers(headers),
    new Map(Object.entries(headers)),
    { ...headers, cookie: undefined },
  ])
    equal(verify({ ...base, headers: given, body }).id, 'evt_1');
  const arrayBuffer = new Uint8Array(body).buffer;
  for (const given of [body.toString(), new Uint8Array(body), arrayBuffer])
    equal(verify({ ...base, headers, body: given }).id, 'evt_1');
});

test('a public key verifies what its private key signed, and no other does', () => {
  const body = Buffer.from('{}');
  const headers = signedHeaders(['symmetric', KEY_PAIR.seed], ['standard'], { seconds: SECONDS, body });
  const other = `whpk_${Buffer.alloc(32, 9).toString('base64')}`;
  for (const secret of [KEY_PAIR.public, KEY_PAIR.private, KEY_PAIR.seed])
    equal(verify({ headers, body, secrets: [other, secret], nowMs: NOW_MS }).scheme, 'standard');
  equal(
    refusal({ headers, body, secrets: [other], nowMs: NOW_MS }),
    'webhook-signature holds v1,… signatures, and no secret is symmetric',
  );
  const signedByKeyAlone = signedHeaders([KEY_PAIR.seed], ['standard'], { seconds: SECONDS, body });
  equal(
    refusal({ headers: signedByKeyAlone, body, secrets: ['symmetric'], nowMs: NOW_MS }),
    "webhook-signature holds only v1a,… signatures: verify these with the sender's public key, whpk_…",
  );
  // The text of a public key is known to everyone, so it is never a symmetric key.
  const forged = signedHeaders([`whsec_${KEY_PAIR.public.slice(5)}`], ['standard'], {
    seconds: SECONDS,
    body,
  });
  refusal({ headers: forged, body, secrets: [KEY_PAIR.public], nowMs: NOW_MS });
  const written = `v1,${createHmac('sha256', KEY_PAIR.public).update(`evt_1.${SECONDS}.{}`).digest('base64')}`;
  refusal({
    headers: { ...forged, 'webhook-signature': written },
    body,
    secrets: [KEY_PAIR.public],
    nowMs: NOW_MS,
  });
});

test('a request with one bit changed, anywhere that is signed or in the signature, is refused', () => {
  const secrets: Partial<Record<SignatureScheme, string[]>> = { svix: [KEY_PAIR.private] };
  for (const scheme of SIGNATURE_SCHEMES) {
    const signing = secrets[scheme] ?? [SECRET];
    const body = Buffer.from('{"amount":100,"to":"acct_42"}');
    const headers = signedHeaders(signing, [scheme], { seconds: SECONDS, body });
    const rest = {
      secrets: signing,
      nowMs: NOW_MS,
      schemes: [scheme],
      toleranceSeconds: Number.POSITIVE_INFINITY,
    };
    equal(verify({ headers, body, ...rest }).scheme, scheme);
    for (let bit = 0; bit < body.length * 8; bit++) {
      const changed = Buffer.from(body);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      refusal({ headers, body: changed, ...rest });
    }
    for (const [name, value] of Object.entries(headers))
      for (let bit = 0; bit < value.length * 8; bit++) {
        const changed = Buffer.from(value, 'latin1');
        changed[bit >> 3]! ^= 1 << (bit & 7);
        refusal({ headers: { ...headers, [name]: changed.toString('latin1') }, body, ...rest });
      }
  }
});

test('the signed time may be as far from now as the tolerance, before and after, and no further', () => {
  for (const scheme of TIMED)
    for (const [ageSeconds, toleranceSeconds, told] of [
      [300, undefined, null],
      [-300, undefined, null],
      [301, undefined, /is 301 s old, and 300 s are allowed: if it was sent just now, set the clocks/],
      [-301, undefined, /is 301 s in the future, and 300 s are allowed/],
      [10, 10, null],
      [11, 10, /is 11 s old, and 10 s are allowed/],
      [0, 0, null],
      [1, 0, /is 1 s old/],
      [1_000_000_000, Number.POSITIVE_INFINITY, null],
    ] as const) {
      const tolerance = toleranceSeconds === undefined ? {} : { toleranceSeconds };
      const late = request([scheme], { nowMs: (SECONDS + ageSeconds) * 1000, ...tolerance });
      if (told === null) equal(verify(late).scheme, scheme);
      else ok(told.test(refusal(late)), refusal(late));
    }
});

test('a request cannot be made easier to accept by leaving out headers', () => {
  const all = request(SIGNATURE_SCHEMES, { nowMs: NOW_MS + 86_400_000 });
  const names = Object.keys(all.headers);
  fc.assert(
    fc.property(fc.subarray(names), (left) => {
      refusal({ ...all, headers: without(all.headers, ...left) });
    }),
  );
  // The signatures over the body alone are still right, and do not count.
  const timed = TIMED.map((scheme) => SCHEME_FORMS[scheme].signatureHeader);
  equal(
    refusal({ ...all, headers: without(all.headers, ...timed) }),
    'the request is signed by hub only, which signs no time, so that it can be replayed for ever: name hub among the schemes to accept that',
  );
});

test('the schemes that are named must all be there and match', () => {
  const both: SignatureScheme[] = ['hub', 'standard'];
  deepEqual(verify(request(both, { schemes: both })).scheme, 'standard');
  deepEqual(verify(request(['hub', 'shopify'], { schemes: TIMELESS })), {
    scheme: 'hub',
    id: null,
    timestamp: null,
  });
  equal(refusal(request(['hub'], { schemes: both })), 'the request carries no webhook-signature');
  equal(refusal(request(['standard'], { schemes: both })), 'the request carries no x-hub-signature-256');
  const { headers } = request(both);
  const oneWrong = { ...headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` };
  ok(
    /no secret matches the hub signature/.test(refusal(request(both, { headers: oneWrong, schemes: both }))),
  );
  // Unless it is named, a signature that the newest secret alone makes does not stand in the way of a rotation.
  equal(verify(request(both, { headers: oneWrong })).scheme, 'standard');
});

test('of several signatures that sign the time any one will do', () => {
  const { headers } = request(TIMED);
  const wrong = {
    ...headers,
    'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
    'svix-id': '',
  };
  equal(verify(request(['standard'], { headers: wrong })).scheme, 'stripe');
});

const STANDARD = request(['standard']).headers as Record<string, string>;
const STRIPE = request(['stripe']).headers as Record<string, string>;
const [V1] = STANDARD['webhook-signature']!.split(' ');

const REFUSED: [name: string, headers: unknown, told: RegExp][] = [
  [
    'no header at all',
    {},
    /^the request carries no signature: none of webhook-signature, svix-signature, stripe-signature, x-slack-signature is there$/,
  ],
  ['headers that are none', null, /carries no signature/],
  ['shopify alone', request(['shopify']).headers, /signed by shopify only/],
  ['no id', without(STANDARD, 'webhook-id'), /^webhook-signature came without webhook-id$/],
  [
    'no timestamp',
    without(STANDARD, 'webhook-timestamp'),
    /^webhook-signature came without webhook-timestamp$/,
  ],
  [
    'an id with a space',
    { ...STANDARD, 'webhook-id': 'a b' },
    /^webhook-id is not an id: 1 to 256 visible ASCII characters/,
  ],
  ['an id that begins like JSON', { ...STANDARD, 'webhook-id': '"a' }, /^webhook-id is not/],
  [
    'a header that is there twice',
    { ...STANDARD, 'Webhook-Id': 'evt_1' },
    /^webhook-id is there more than once$/,
  ],
  [
    'a header with two values',
    { ...STANDARD, 'webhook-timestamp': [`${SECONDS}`, '1'] },
    /^webhook-timestamp is there more than once$/,
  ],
  [
    'a signature without its version',
    { ...STANDARD, 'webhook-signature': V1!.slice(3) },
    /^webhook-signature holds no signature of the form v1,<base64>$/,
  ],
  [
    'a signature cut short',
    { ...STANDARD, 'webhook-signature': V1!.slice(0, -4) },
    /holds no signature of the form/,
  ],
  [
    'base64 without its padding',
    { ...STANDARD, 'webhook-signature': V1!.slice(0, -1) },
    /holds no signature of the form/,
  ],
  [
    'a version of tomorrow',
    { ...STANDARD, 'webhook-signature': V1!.replace('v1', 'v2') },
    /holds no signature of the form/,
  ],
  [
    'no time in Stripe’s header',
    { 'stripe-signature': STRIPE['stripe-signature']!.replace(/^t=\d+,/, '') },
    /^stripe-signature does not give the time in unix seconds$/,
  ],
  [
    'two times in Stripe’s header',
    { 'stripe-signature': `t=1,${STRIPE['stripe-signature']}` },
    /^stripe-signature does not give the time/,
  ],
];

for (const [name, headers, told] of REFUSED)
  test(`a request is refused, and told why, with ${name}`, () => {
    const message = refusal(request(['standard'], { headers: headers as SignedRequest['headers'] }));
    ok(told.test(message), message);
  });

test('a time is taken in its one spelling', () => {
  const body = Buffer.from('1');
  for (const time of [
    '',
    '0x65',
    '01700000000',
    '+1700000000',
    '-1',
    '1700000000.0',
    '1.7e9',
    ' 1700000000',
    '1700000000 ',
    '１７００００００００',
    '9'.repeat(13),
    'NaN',
  ]) {
    const signature = createHmac('sha256', SECRET).update(`v0:${time}:1`).digest('hex');
    const headers = { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${signature}` };
    equal(
      refusal({
        headers,
        body,
        secrets: [SECRET],
        nowMs: NOW_MS,
        toleranceSeconds: Number.POSITIVE_INFINITY,
      }),
      'x-slack-request-timestamp does not give the time in unix seconds',
    );
  }
});

test('sixteen signatures of a header are looked at, and no more', () => {
  const junk = (count: number, one: string) => Array.from({ length: count }, () => one);
  const wrong = `v1,${Buffer.alloc(32).toString('base64')}`;
  const among = (count: number) => ({
    ...STANDARD,
    'webhook-signature': [...junk(count, wrong), V1].join(' '),
  });
  equal(verify(request(['standard'], { headers: among(15) })).scheme, 'standard');
  refusal(request(['standard'], { headers: among(16) }));
  const [time, v1] = STRIPE['stripe-signature']!.split(',');
  const amongHex = (count: number) => ({
    'stripe-signature': [time, ...junk(count, `v1=${'0'.repeat(64)}`), v1].join(','),
  });
  equal(verify(request(['standard'], { headers: amongHex(15) })).scheme, 'stripe');
  refusal(request(['standard'], { headers: amongHex(16) }));
});

test('a signature over a body alone is not taken for one over an id, a time and a shorter body', () => {
  const inner = '{"amount":1000000}"';
  const body = `"evt_9.${SECONDS}.${inner}`;
  const hub = signedHeaders([SECRET], ['hub'], { body: Buffer.from(body) })['x-hub-signature-256']!;
  const signature = Buffer.from(hub.slice('sha256='.length), 'hex').toString('base64');
  const headers = {
    'webhook-id': '"evt_9',
    'webhook-timestamp': `${SECONDS}`,
    'webhook-signature': `v1,${signature}`,
  };
  equal(createHmac('sha256', SECRET).update(`"evt_9.${SECONDS}.${inner}`).digest('base64'), signature);
  ok(/^webhook-id is not/.test(refusal({ headers, body: inner, secrets: [SECRET], nowMs: NOW_MS })));
});

test('a refusal holds neither a secret nor the signature that would have been right', () => {
  for (const scheme of SIGNATURE_SCHEMES) {
    const body = Buffer.from('{"n":2}');
    const right = Object.values(signedHeaders([SECRET], [scheme], { seconds: SECONDS, body }));
    const told = refusal(request([scheme], { body, schemes: [scheme] }));
    equal(
      told,
      `no secret matches the ${scheme} signature: it was made with another one, or over another body than these bytes`,
    );
    for (const text of [
      SECRET,
      ...right.flatMap((value) => value.split(/[,= ]/).filter((part) => part.length > 6)),
    ])
      ok(!told.includes(text), told);
  }
});

test('a body that was parsed already is refused in words that say so', () => {
  for (const body of [{ n: 1 }, undefined, null, 1] as unknown as Buffer[])
    equal(
      refusal(request(['standard'], { body })),
      'the body is not bytes or text: give it raw, as it came, and not parsed',
    );
});

test('headers of any kind are accepted or refused, and nothing else', () => {
  const names = Object.keys(request(SIGNATURE_SCHEMES).headers);
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...Object.values(request(SIGNATURE_SCHEMES).headers as Record<string, string>)),
    fc.stringMatching(/^(?:t=|v1[,=]|v1a,|v0=|sha256=|[0-9]+|[ ,A-Za-z0-9+/=]){0,20}$/),
  );
  const anyValue = fc.oneof(anyText, fc.array(anyText, { maxLength: 3 }), fc.anything());
  const anyHeaders = fc.oneof(
    { weight: 5, arbitrary: fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), anyValue) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.constantFrom(...names), anyValue)) },
    { weight: 1, arbitrary: fc.anything() },
  );
  fc.assert(
    fc.property(
      anyHeaders,
      fc.uint8Array(),
      fc.option(fc.subarray([...SIGNATURE_SCHEMES], { minLength: 1 })),
      (headers, body, schemes) => {
        const given = {
          headers,
          body,
          secrets: [SECRET, KEY_PAIR.private],
          nowMs: NOW_MS,
          ...(schemes !== null && { schemes }),
        };
        refusal(given as unknown as SignedRequest);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a setting that will not do is told apart from a request that will not', () => {
  const bad: [change: object, code: string, message: RegExp][] = [
    [{ secrets: [] }, 'VOLLEY_SECRET', /^there is no secret/],
    [{ secrets: SECRET }, 'VOLLEY_SECRET', /give an array with at least one/],
    [{ secrets: [SECRET, undefined] }, 'VOLLEY_SECRET', /^secret 2: the secret is empty/],
    [{ secrets: ['whsec_hu*h'] }, 'VOLLEY_SECRET', /^secret 1: what follows whsec_ is not base64/],
    [
      { secrets: [KEY_PAIR.public], schemes: ['hub'] },
      'VOLLEY_SECRET',
      /ed25519 key, which hub cannot sign with/,
    ],
    [{ toleranceSeconds: -1 }, 'VOLLEY_CONFIG', /^toleranceSeconds must be a number of seconds, 0 or more$/],
    [{ toleranceSeconds: Number.NaN }, 'VOLLEY_CONFIG', /^toleranceSeconds/],
    [{ toleranceSeconds: '300' }, 'VOLLEY_CONFIG', /^toleranceSeconds/],
    [{ nowMs: Number.NaN }, 'VOLLEY_CONFIG', /^nowMs/],
    [
      { schemes: [] },
      'VOLLEY_CONFIG',
      /^schemes must be one or more of hub, standard, svix, stripe, slack, shopify$/,
    ],
    [{ schemes: ['github'] }, 'VOLLEY_CONFIG', /^schemes must be/],
    [{ schemes: 'hub' }, 'VOLLEY_CONFIG', /^schemes must be/],
  ];
  for (const [change, code, message] of bad)
    throws(() => verify(request(['hub', 'standard'], change)), { code, message });
});
