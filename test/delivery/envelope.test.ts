import { deepEqual, equal, match, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { encodeEnvelope } from '../../src/delivery/encode.ts';
import { isRejection, originOf, peekDestination } from '../../src/delivery/envelope.ts';
import { MAX_BODY_BYTES, type VolleyEvent } from '../../src/delivery/event.ts';
import { anyEvent, decode, decoded, GOOD, NOW_MS } from './envelope-testing.ts';

test('all members of an envelope are taken as they are', () => {
  deepEqual(
    decoded(
      `{"id":"evt_1","url":"https://example.com/hooks","type":"order.updated","payload": {"any": "json"},
        "timestamp":"2026-11-23T18:00:00.000Z","destination":"acct_42","headers":{"x-tenant":"7"}, "unknown": [1],
        "orderingKey":"order \\"7\\"","expiresAt":1795456900000.9,"deliverAt":"2026-11-23T19:00:01+01:00"}`,
    ),
    {
      id: 'evt_1',
      url: 'https://example.com/hooks',
      type: 'order.updated',
      timestampMs: Date.UTC(2026, 10, 23, 18),
      destination: 'acct_42',
      orderingKey: 'order "7"',
      deliverAtMs: Date.UTC(2026, 10, 23, 18, 0, 1),
      expiresAtMs: 1_795_456_900_000,
      headers: ['x-tenant', '7'],
      body: Buffer.from('{"any":"json"}'),
    },
  );
});

test('what an envelope leaves out is filled in: the minted id, no times, no order, the origin as destination', () => {
  const { url, type, body, ...rest } = decoded(JSON.stringify({ ...GOOD, url: 'HTTPS://Example.COM:443/x' }));
  deepEqual(rest, {
    id: 'minted',
    timestampMs: null,
    destination: 'https://example.com',
    orderingKey: null,
    deliverAtMs: null,
    expiresAtMs: null,
    headers: null,
  });
});

test('a timestamp may be RFC 3339 text with any offset, or epoch milliseconds', () => {
  const at = (timestamp: unknown) => decoded(JSON.stringify({ ...GOOD, timestamp })).timestampMs;
  equal(at('2026-11-23T18:00:00Z'), 1_795_456_800_000);
  equal(at('2026-11-23T19:30:00.5+01:30'), 1_795_456_800_500);
  equal(at(1_795_456_800_000.9), 1_795_456_800_000);
  equal(at(0), 0);
});

test('a body is delivered byte for byte once unescaped', () => {
  const text = '{ "b": [1, 2],\n "a": "\u{1f3d0} \\u00e9" }';
  equal(decoded(JSON.stringify({ url: GOOD.url, type: 't', body: text })).body.toString(), text);
});

test('a member whose name is written with escapes is not the one it spells', () => {
  match(
    (decode('{"\\u0075rl":"https://a.example","type":"t","payload":1}') as { detail: string }).detail,
    /"url" is missing/,
  );
});

const LONG_URL = `https://example.com/${'x'.repeat(8_192)}`;

/** A member that makes an envelope undeliverable, and what the detail says of it. */
const WRONG: readonly [member: Record<string, unknown>, detail: RegExp][] = [
  [{ url: undefined }, /"url" is missing/],
  [{ url: null }, /"url" must be a string/],
  [{ url: ['https://example.com'] }, /"url" must be a string/],
  [{ url: '' }, /"url" is not an absolute URL/],
  [{ url: 'example.com/hooks' }, /"url" is not an absolute URL/],
  [{ url: 'https://' }, /"url" is not an absolute URL/],
  [{ url: 'https://exa mple.com' }, /"url" is not an absolute URL/],
  [{ url: 'https://example.com:99999' }, /"url" is not an absolute URL/],
  [{ url: 'file:///etc/passwd' }, /"url" must begin with https/],
  [{ url: 'javascript:alert(1)' }, /"url" must begin with https/],
  [{ url: 'https://user@example.com' }, /user name or password/],
  [{ url: 'https://:pw@example.com' }, /user name or password/],
  [{ url: LONG_URL }, /longer than 8192/],
  [{ type: undefined }, /"type" is missing/],
  [{ type: null }, /"type" must be a string/],
  [{ type: '' }, /"type" must be a string of 1 to 256/],
  [{ type: ' padded' }, /"type"/],
  [{ type: 'line\nbreak' }, /"type"/],
  [{ type: 'nul\0' }, /"type"/],
  [{ type: 'ünïcode' }, /"type"/],
  [{ type: 'x'.repeat(257) }, /"type"/],
  [{ id: '' }, /"id" must be 1 to 128/],
  [{ id: 7 }, /"id"/],
  [{ id: 'x'.repeat(129) }, /"id"/],
  [{ id: 'a/b' }, /"id"/],
  [{ id: 'a\r\nb' }, /"id"/],
  [{ id: 'a\n' }, /"id"/],
  [{ destination: '' }, /"destination"/],
  [{ destination: 7 }, /"destination"/],
  [{ destination: null }, /"destination"/],
  [{ destination: 'a\nb' }, /"destination"/],
  [{ destination: 'x'.repeat(513) }, /"destination"/],
  [{ orderingKey: '' }, /"orderingKey" must be a string of 1 to 256/],
  [{ orderingKey: 7 }, /"orderingKey"/],
  [{ orderingKey: null }, /"orderingKey"/],
  [{ orderingKey: 'a\nb' }, /"orderingKey"/],
  [{ orderingKey: ' padded' }, /"orderingKey"/],
  [{ orderingKey: 'x'.repeat(257) }, /"orderingKey"/],
  ...['deliverAt', 'expiresAt'].flatMap((member): [Record<string, unknown>, RegExp][] => [
    [{ [member]: '' }, new RegExp(`"${member}" must be ISO 8601`)],
    [{ [member]: null }, new RegExp(`"${member}" must be ISO 8601`)],
    [{ [member]: '10m' }, new RegExp(`"${member}" must be ISO 8601`)],
    [{ [member]: '2026-11-23' }, new RegExp(`"${member}" must be ISO 8601`)],
    // Seconds, microseconds, and a time that somebody took for "never".
    [{ [member]: 1_795_456_800 }, new RegExp(`"${member}" lies in the year 1970: .* 13 digits`)],
    [{ [member]: 1_795_456_800_000_000 }, new RegExp(`"${member}" lies in the year 58865`)],
    [{ [member]: '9999-12-31T23:59:59Z' }, new RegExp(`"${member}" lies in the year 9999`)],
  ]),
  [{ deliverAt: NOW_MS, expiresAt: NOW_MS }, /"expiresAt" is not after "deliverAt".*: set it later/],
  [{ deliverAt: NOW_MS, expiresAt: '2026-11-23T17:59:59.999Z' }, /"expiresAt" is not after "deliverAt"/],
  [{ timestamp: '' }, /"timestamp"/],
  [{ timestamp: true }, /"timestamp"/],
  [{ timestamp: '2026-11-23' }, /"timestamp"/],
  [{ timestamp: '2026-11-23T18:00:00' }, /"timestamp"/],
  [{ timestamp: '2026-13-01T00:00:00Z' }, /"timestamp"/],
  [{ timestamp: 'Mon, 23 Nov 2026 18:00:00 GMT' }, /"timestamp"/],
  [{ timestamp: 8.64e15 + 1 }, /"timestamp"/],
  [{ headers: null }, /"headers" must be an object/],
  [{ headers: [] }, /"headers" must be an object/],
  [{ headers: 'x-a: b' }, /"headers" must be an object/],
  [{ headers: { 'x-a': 7 } }, /x-a must be a string/],
  [{ headers: { 'x a': 'b' } }, /"x a" is not a header name/],
  [{ headers: { '': 'b' } }, /"" is not a header name/],
  [{ headers: { 'x-a:': 'b' } }, /is not a header name/],
  [{ headers: { 'x-a\r\nx-b': 'c' } }, /is not a header name/],
  [{ headers: { 'x-a': 'b\r\nx-injected: 1' } }, /x-a must be a string without control characters/],
  [{ headers: { 'x-a': 'b\nc' } }, /x-a/],
  [{ headers: { 'x-a': 'b\0' } }, /x-a/],
  [{ headers: { 'x-a': '\u{1f3d0}' } }, /x-a/],
  [{ headers: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`x-${i}`, ''])) }, /more than 32/],
  [{ headers: { 'x-a': 'b'.repeat(4_096) } }, /more than 4096 characters/],
  ...[
    'Host',
    'Content-Type',
    'Content-Length',
    'Content-Encoding',
    'User-Agent',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Proxy-Authorization',
    'X-Webhook-Id',
    'X-Webhook-Anything',
    'X-Hub-Signature-256',
    'Webhook-Signature',
  ].map((name): [Record<string, unknown>, RegExp] => [
    { headers: { [name]: 'x' } },
    new RegExp(`cannot set ${name.toLowerCase()}`),
  ]),
];

for (const [member, detail] of WRONG) {
  test(`an envelope with ${JSON.stringify(member).slice(0, 60)} is refused when published and when taken from the queue`, () => {
    const wrong = { ...GOOD, ...member };
    const taken = decode(JSON.stringify(wrong));
    ok(isRejection(taken));
    equal(taken.reason, 'invalid-envelope');
    match(taken.detail, detail);
    const published = encodeEnvelope(wrong as unknown as VolleyEvent, () => 'evt_x', 0);
    ok(isRejection(published) && published.reason === 'invalid-envelope');
    match(published.detail, detail);
  });
}

/** Bodies that cannot be delivered. */
const WRONG_BODIES: readonly [members: string, detail: RegExp][] = [
  ['', /"payload" or "body" is missing/],
  [',"payload":1,"body":"1"', /both given/],
  [',"body":1', /"body" must be a string that is itself JSON/],
  [',"body":null', /"body" must be a string/],
  [',"body":""', /"body" must be a string that is itself JSON/],
  [',"body":"{"', /"body" must be a string that is itself JSON/],
  [',"body":"{} {}"', /"body" must be a string that is itself JSON/],
  [',"payload":1,"payload":2', /"payload" is there twice/],
];

for (const [members, detail] of WRONG_BODIES) {
  test(`an envelope whose body is ${members === '' ? 'absent' : members.slice(1)} is refused`, () => {
    const taken = decode(`{"url":"https://example.com","type":"t"${members}}`);
    ok(isRejection(taken) && taken.reason === 'invalid-envelope');
    match(taken.detail, detail);
  });
}

test('a body of exactly 2 MiB passes and one byte more does not, in ASCII and in wider characters, as payload and as body', () => {
  for (const char of ['x', 'é', '日', '\u{1f3d0}']) {
    const width = Buffer.byteLength(char);
    const filled = Math.floor((MAX_BODY_BYTES - 2) / width);
    const exact = `"${char.repeat(filled)}${'x'.repeat(MAX_BODY_BYTES - 2 - filled * width)}"`;
    const over = `${exact.slice(0, -1)}x"`;
    equal(Buffer.byteLength(exact), MAX_BODY_BYTES);
    for (const [text, passes] of [
      [exact, true],
      [over, false],
    ] as const) {
      const envelopes = [
        `{"url":"https://example.com","type":"t","payload": ${text} }`,
        `{"url":"https://example.com","type":"t","body":${JSON.stringify(text)}}`,
      ];
      for (const envelope of envelopes) {
        const taken = decode(envelope);
        equal(
          isRejection(taken) ? taken.reason : taken.body.length,
          passes ? MAX_BODY_BYTES : 'body-too-large',
        );
      }
      const payload = JSON.parse(text) as string;
      for (const event of [
        { url: GOOD.url, type: 't', payload },
        { url: GOOD.url, type: 't', body: text },
      ])
        equal(isRejection(encodeEnvelope(event, () => 'x', 0)), !passes);
    }
  }
});

test('white space inside a payload does not count', () => {
  const payload = `[${'1, '.repeat(1_048_574)}1]`;
  equal(payload.length, 3_145_725);
  equal(decoded(`{"url":"https://example.com","type":"t","payload":${payload}}`).body.length, 2_097_151);
});

test('the lane that is peeked is the destination that is decoded, in whatever order the members stand', () => {
  const membersInAnyOrder = anyEvent.chain((event) =>
    fc
      .shuffledSubarray(Object.entries(event), { minLength: Object.keys(event).length })
      .map((entries) =>
        JSON.stringify(Object.fromEntries([...entries, ['other', { url: 'x', destination: 'y' }]])),
      ),
  );
  fc.assert(
    fc.property(membersInAnyOrder, (envelope) => {
      const bytes = Buffer.from(envelope);
      equal(peekDestination(bytes), decoded(bytes).destination);
    }),
  );
});

test('a URL written in an unusual way has the origin that is dialled, when peeked and when decoded', () => {
  for (const url of [
    'https:///example.com/x',
    'https:example.com/x',
    'https:\\\\example.com\\x',
    'https://\\example.com/x',
    'HTTPS://EXAMPLE.COM/x',
    '  https://example.com/x ',
    'https://exam\tple.com/x',
    'https://example.com:443?q',
    'https://example.com#f',
    'https://%65xample.com/',
  ]) {
    const bytes = Buffer.from(JSON.stringify({ ...GOOD, url }));
    equal(originOf(url), 'https://example.com', url);
    equal(peekDestination(bytes), 'https://example.com', url);
    equal(decoded(bytes).destination, 'https://example.com', url);
  }
});

test('no destination can be peeked where none is readable', () => {
  for (const envelope of [
    '',
    'x',
    '{',
    '[]',
    '{}',
    '{"url":7}',
    '{"url":"x"}',
    '{"destination":7,"url":"https://a.example"}',
  ])
    equal(peekDestination(Buffer.from(envelope)), null, envelope);
});
