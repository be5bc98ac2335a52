import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Deadlines } from '../../src/config/conflicts.ts';
import { DESTINATION_SETTINGS } from '../../src/config/destination-settings.ts';
import { VolleyError } from '../../src/errors.ts';
import { beside, CONFIG, configOf, read, settingsOf } from './destinations-testing.ts';

const NOT_SET = {
  secretName: null,
  headers: null,
  connectTimeoutMs: null,
  readTimeoutMs: null,
  totalTimeoutMs: null,
  retryScheduleMs: null,
  signatures: null,
  permanentStatuses: null,
  ratePerSecond: null,
  rateBurst: null,
  maxInFlight: null,
  breakerFailures: null,
  coolOffMs: null,
  disabled: false,
  clientCertificate: null,
  clientKey: null,
  ca: null,
  proxy: null,
  sourceAddress: null,
  encryptionKey: null,
  http2: null,
};

test('each destination has what its entry says, and the rest is not set', () => {
  const { settings, warnings } = read(`{
    "broker": "redis://127.0.0.1:6379",
    "destinations": {
      // by its id
      "acct_42": {
        "secret": "shared-eu", "headers": { "x-tenant": "7", "Authorization": "Bearer x" },
        "connect-timeout": "1s", "read-timeout": "5s", "total-timeout": "6s",
        "retry-schedule": ["1s", "5s", "1h"], "signatures": ["standard"],
        "permanent-status": [400, 404], "disabled": true
      },
      /* by its origin */
      "https://hooks.example.com:8443": { "proxy": "http://proxy.internal:3128", "source-address": "203.0.113.7", "http2": true },
      "http://[fd00::1]": { "http2": false, "disabled": false, "retry-schedule": [] },
      "empty": {}
    }
  }`);
  deepEqual(warnings, []);
  const placed = [...settings].map(([name, { place, ...rest }]) => ({ name, place, rest }));
  deepEqual(
    placed.map(({ place }) => place.replace(CONFIG, 'FILE')),
    ['FILE:5:7', 'FILE:12:7', 'FILE:13:7', 'FILE:14:7'],
  );
  deepEqual(Object.fromEntries(placed.map(({ name, rest }) => [name, rest])), {
    acct_42: {
      ...NOT_SET,
      secretName: 'shared-eu',
      headers: ['x-tenant', '7', 'Authorization', 'Bearer x'],
      connectTimeoutMs: 1_000,
      readTimeoutMs: 5_000,
      totalTimeoutMs: 6_000,
      retryScheduleMs: [1_000, 5_000, 3_600_000],
      signatures: ['standard'],
      permanentStatuses: [400, 404],
      disabled: true,
    },
    'https://hooks.example.com:8443': {
      ...NOT_SET,
      proxy: { host: 'proxy.internal', port: 3128, tls: false, authorization: null },
      sourceAddress: '203.0.113.7',
      http2: true,
    },
    'http://[fd00::1]': { ...NOT_SET, http2: false, retryScheduleMs: [] },
    empty: NOT_SET,
  });
});

test('a config file without destinations has none', () => {
  equal(read('{"broker": "redis://127.0.0.1:6379"}').settings.size, 0);
});

test('a setting that is not set is not set, whatever JavaScript objects inherit', () => {
  equal(
    read('{"destinations": {"__proto__": {"disabled": true}}}').settings.get('__proto__')?.disabled,
    true,
  );
  throws(() => read(configOf('"constructor": 1')), /"constructor" is not a setting of a destination/);
});

/** A proxy's URL and what it means. */
const PROXIES: [url: string, host: string, port: number, tls: boolean, credentials: string | null][] = [
  ['http://proxy.internal:3128', 'proxy.internal', 3128, false, null],
  ['http://proxy.internal:3128/', 'proxy.internal', 3128, false, null],
  ['http://proxy', 'proxy', 80, false, null],
  ['https://proxy', 'proxy', 443, true, null],
  ['https://[fd00::1]:8080', 'fd00::1', 8080, true, null],
  ['http://user:pass@proxy:1', 'proxy', 1, false, 'user:pass'],
  ['http://user@proxy:1', 'proxy', 1, false, 'user:'],
  ['http://us%20er:p%40%3A%2f%25%C3%BC@proxy:1', 'proxy', 1, false, 'us er:p@:/%ü'],
  ['http://user:a:b@proxy:1', 'proxy', 1, false, 'user:a:b'],
];

test('a proxy is a host, a port, whether it speaks TLS, and its credentials decoded', () => {
  for (const [proxy, host, port, tls, credentials] of PROXIES) {
    const authorization = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    deepEqual(settingsOf({ proxy }).proxy, { host, port, tls, authorization }, proxy);
  }
});

const PROXY =
  /^FILE:2:18: "proxy" will not do: give http:\/\/HOST:PORT or https:\/\/HOST:PORT without a path, /;

test('a proxy that is none is refused, and its credentials are not repeated', () => {
  const bad = [
    ...[
      '',
      'proxy',
      'proxy:3128',
      'socks5://hush@proxy:1080',
      'ftp://proxy',
      'HTTP://proxy:1',
      'http:proxy:1',
    ],
    ...['http://hush:hush@proxy:1/path', 'http://hush:hush@proxy:1?a', 'http://hush:hush@proxy:1/#a'],
    ...[
      'http://user:hu/sh@proxy:1',
      'http://user:hush@proxy:0',
      'http://user:hush@proxy:65536',
      'http://hush@',
    ],
    ...[
      'http://us%3Aer:hush@proxy',
      'http://user:hush%ff@proxy',
      'http://user:hush%0a@proxy',
      'http://hush%@proxy',
    ],
    ...[
      'http://user:hush@prox y',
      ' http://user:hush@proxy',
      'http:\\\\user:hush@proxy',
      'http://us\ner@proxy',
    ],
  ];
  for (const value of [
    ...bad,
    null,
    5,
    true,
    [],
    {},
    ['http://user:hush@proxy'],
    { url: 'http://hush@proxy' },
  ])
    throws(
      () => settingsOf({ proxy: value }),
      ({ message }: Error) => PROXY.test(message.replace(CONFIG, 'FILE')) && !/hu.?sh/.test(message),
      JSON.stringify(value),
    );
});

const KEYS_OF_SETTINGS = Object.values(DESTINATION_SETTINGS).map(({ key }) => key);
const TIME = 'written like 250ms, 8s, 5m or 1h';

/** Settings of `acct_42` from line 2, column 18, and the whole message. `FILE` stands for the config file's path. */
const BAD: [settings: string, message: string, worker?: Partial<Deadlines>][] = [
  [
    '"connect-timout": "1s"',
    'FILE:2:18: "connect-timout" is not a setting of a destination: did you mean connect-timeout?',
  ],
  [
    '"x": 1',
    `FILE:2:18: "x" is not a setting of a destination: the settings are ${KEYS_OF_SETTINGS.join(', ')}`,
  ],
  [
    '"xyzzy-plugh": 1',
    `FILE:2:18: "xyzzy-plugh" is not a setting of a destination: the settings are ${KEYS_OF_SETTINGS.join(', ')}`,
  ],
  [
    `"${'x'.repeat(2_000_000)}": 1`,
    `FILE:2:18: "${'x'.repeat(79)}… is not a setting of a destination: the settings are ${KEYS_OF_SETTINGS.join(', ')}`,
  ],
  ['"http2": true,\n "http2": false', 'FILE:3:2: "http2" is there twice: keep one'],
  ['"secret": 5', 'FILE:2:18: "secret" will not do: give the name of a secret, never the secret itself'],
  ['"secret": ""', 'FILE:2:18: "secret" will not do: give the name of a secret, never the secret itself'],
  [
    '"secret": "whsec_aHVzaA=="',
    'FILE:2:18: "secret" will not do: give the name of a secret, never the secret itself',
  ],
  [
    '"connect-timeout": 1',
    `FILE:2:18: "connect-timeout" is 1: give a time from 10ms to 1m, ${TIME}, in double quotes`,
  ],
  ['"connect-timeout": "61s"', `FILE:2:18: "connect-timeout" is "61s": give a time from 10ms to 1m, ${TIME}`],
  [
    '"http2": true, "read-timeout": null',
    `FILE:2:33: "read-timeout" is null: give a time from 10ms to 5m, ${TIME}, in double quotes`,
  ],
  ['"total-timeout": "9ms"', `FILE:2:18: "total-timeout" is "9ms": give a time from 10ms to 5m, ${TIME}`],
  [
    '"retry-schedule": "1s,5s"',
    `FILE:2:18: "retry-schedule" is "1s,5s": give an array of strings: times from 10ms to 7d, separated by commas, ${TIME}`,
  ],
  [
    '"signatures": []',
    'FILE:2:18: "signatures" is []: give one or more of hub, standard, svix, stripe, slack, shopify',
  ],
  [
    '"signatures": ["hub", "md5"]',
    'FILE:2:18: "signatures" is ["hub","md5"]: give one or more of hub, standard, svix, stripe, slack, shopify',
  ],
  [
    '"permanent-status": [500]',
    'FILE:2:18: "permanent-status" is [500]: give a whole number from 400 to 499 as a status',
  ],
  [
    '"permanent-status": [{"hush": 1}]',
    'FILE:2:18: "permanent-status" is ["{…}"]: give an array of numbers: a whole number from 400 to 499 as a status',
  ],
  ['"disabled": "yes"', 'FILE:2:18: "disabled" is "yes": give true or false'],
  ['"disabled": {}', 'FILE:2:18: "disabled" is {…}: give true or false'],
  ['"http2": 2', 'FILE:2:18: "http2" is 2: give true or false'],
  [
    '"source-address": "eth0"',
    'FILE:2:18: "source-address" is "eth0": give an IP address of this machine, in double quotes, for example "203.0.113.7"',
  ],
  [
    '"source-address": 1',
    'FILE:2:18: "source-address" is 1: give an IP address of this machine, in double quotes, for example "203.0.113.7"',
  ],
  [
    '"headers": ["authorization", "hush"]',
    'FILE:2:18: "headers" will not do: give an object of names and their values',
  ],
  [
    '"headers": {"x-a": "1",\n"host": "hush"}',
    'FILE:3:1: "headers" cannot set host: Volley or HTTP itself does',
  ],
  ['"headers": {"x a": "1"}', 'FILE:2:30: "headers": "x a" is not a header name'],
  [
    '"headers": {"x-a": 1}',
    'FILE:2:30: "headers": the value of x-a must be a string without control characters',
  ],
  [
    '"headers": {"x-a": {"hush": 1}}',
    'FILE:2:30: "headers": the value of x-a must be a string without control characters',
  ],
  [
    '"headers": {"x-a": "a\\r\\nb: hush"}',
    'FILE:2:30: "headers": the value of x-a must be a string without control characters',
  ],
  ['"headers": {"X-A": "1", "x-a": "2"}', 'FILE:2:42: "headers": x-a is there twice: keep one'],
  [
    `"headers": {${Array.from({ length: 33 }, (_, i) => `"x-${i}": "a"`).join()}}`,
    'FILE:2:18: "headers" holds more than 32',
  ],
  [
    '"http2": true, "read-timeout": "11s"',
    'FILE:2:33: "read-timeout" 11s must be at most --total-timeout 10s: lower the first, or raise "total-timeout" to 11s',
  ],
  [
    '"read-timeout": "5s", "total-timeout": "4s"',
    'FILE:2:18: "read-timeout" 5s must be at most "total-timeout" 4s: lower the first, or raise "total-timeout" to 5s',
  ],
  [
    '"total-timeout": "1s", "connect-timeout": "1500ms"',
    'FILE:2:41: "connect-timeout" 1500ms must be at most "total-timeout" 1s: lower the first, or raise "total-timeout" to 1500ms',
  ],
  [
    '"total-timeout": "20s"',
    'FILE:2:18: --lease 20s must be above "total-timeout" 20s: set --lease to 20250ms or more, which leaves 250ms to settle',
  ],
  [
    '"total-timeout": "1s"',
    'FILE:2:18: --lease 1s must be above "total-timeout" 1s: set --lease to 1250ms or more, which leaves 250ms to settle',
    { leaseMs: 1_000, totalTimeoutMs: 500, readTimeoutMs: 500, connectTimeoutMs: 500 },
  ],
];

test('one line says where a setting is wrong and what to do', () => {
  for (const [settings, message, worker] of BAD)
    throws(
      () => read(configOf(settings), worker),
      { code: 'VOLLEY_CONFIG', exitCode: 78, message: message.replace('FILE', CONFIG) },
      settings,
    );
});

test('a total below the time-outs that all destinations have is no conflict: it ends them', () => {
  equal(settingsOf({ 'total-timeout': '1s' }).totalTimeoutMs, 1_000);
  equal(settingsOf({ 'total-timeout': '19750ms' }).totalTimeoutMs, 19_750);
  throws(() => settingsOf({ 'total-timeout': '19751ms' }), /--lease 20s must be above/);
});

/** A key and what is said of it, or null where it is fine. */
const KEYS: [key: string, fault: string | null][] = [
  ['acct_42', null],
  ['hooks.example.com', null],
  ['tenant:7/https', null],
  ['x'.repeat(512), null],
  ['https://hooks.example.com', null],
  ['https://hooks.example.com:8443', null],
  ['http://127.0.0.1:3000', null],
  ['https://xn--bcher-kva.example', null],
  ['', '"" is no destination: "destination" must be a string of 1 to 512 printable ASCII characters'],
  [' a', '" a" is no destination: "destination" must be a string of 1 to 512 printable ASCII characters'],
  ['a\n', '"a\\n" is no destination: "destination" must be a string of 1 to 512 printable ASCII characters'],
  [
    'é'.repeat(513),
    `"${'é'.repeat(79)}… is no destination: "destination" must be a string of 1 to 512 printable ASCII characters`,
  ],
  [
    'https://hooks.example.com/',
    '"https://hooks.example.com/" is no URL origin: write "https://hooks.example.com"',
  ],
  [
    'https://hooks.example.com:443',
    '"https://hooks.example.com:443" is no URL origin: write "https://hooks.example.com"',
  ],
  [
    'HTTPS://Hooks.Example.com',
    '"HTTPS://Hooks.Example.com" is no URL origin: write "https://hooks.example.com"',
  ],
  ['http://example.com:80', '"http://example.com:80" is no URL origin: write "http://example.com"'],
  [
    'https:hooks.example.com',
    '"https:hooks.example.com" is no URL origin: write "https://hooks.example.com"',
  ],
  [
    'https://bücher.example',
    '"https://bücher.example" is no URL origin: write "https://xn--bcher-kva.example"',
  ],
  ['https://0x7f.1', '"https://0x7f.1" is no URL origin: write "https://127.0.0.1"'],
];

test('a key that no destination can have, or is an origin in another spelling, is refused with the right one', () => {
  for (const [key, fault] of KEYS) {
    const text = `{"destinations": {\n${JSON.stringify(key)}: {}}}`;
    if (fault === null) ok(read(text).settings.has(key), key);
    else throws(() => read(text), { code: 'VOLLEY_CONFIG', message: `${CONFIG}:2:1: ${fault}` });
  }
});

test('a key that looks like a URL and is no origin is warned about, as an id may look like anything', () => {
  const { settings, warnings } = read('{"destinations": {\n"https://example.com/hooks": {}}}');
  ok(settings.has('https://example.com/hooks'));
  deepEqual(warnings, [
    `${CONFIG}:2:1: what looks like a URL and is no origin names only events whose "destination" is exactly that; a receiver is named by its origin, as https://example.com`,
  ]);
});

test('what is no object is refused where one is due', () => {
  throws(() => read('{"destinations": []}'), {
    message: `${CONFIG}:1:2: "destinations" is []: give an object by destination id or URL origin`,
  });
  throws(() => read('{"destinations": {"acct_42": "a"}}'), {
    message: `${CONFIG}:1:19: "acct_42" is "a": give an object of settings`,
  });
  throws(() => read('{"destinations": {"a": {},\n "a": {}}}'), {
    message: `${CONFIG}:2:2: "a" is there twice: keep one`,
  });
});

test('100 000 destinations are read in seconds, and the last of them is told its place', {
  timeout: 30_000,
}, () => {
  const settings = '{"headers": {"x-tenant": "7"}, "total-timeout": "6s", "retry-schedule": ["1s", "5s"]}';
  const lines = Array.from({ length: 100_000 }, (_, i) => `"https://h${i}.example.com": ${settings}`);
  equal(read(`{"destinations": {\n${lines.join(',\n')}}}`).settings.size, 100_000);
  throws(() => read(`{"destinations": {\n${lines.join(',\n')},\n  "a": 1}}`), {
    message: /:100002:3: "a" is 1:/,
  });
});

test('any JSON in any place is read, or refused in one line with its place', () => {
  beside('some.pem', 'some text');
  const telling = fc.constantFrom(
    ...[
      'some.pem',
      '.',
      '/',
      '/dev/null',
      '1s',
      'http://u:p@h:1',
      '10.0.0.1',
      'hub',
      'x-a',
      '\0',
      '{',
      '\ud800',
    ],
  );
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.oneof(
        telling,
        fc.string(),
        fc.integer({ min: -1, max: 600 }),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(
        fc.oneof(fc.constantFrom(...KEYS_OF_SETTINGS, 'https://a', '__proto__'), fc.string()),
        tie('any'),
        {
          maxKeys: 3,
        },
      ),
    ),
  })).any;
  const settings = fc.dictionary(fc.constantFrom(...KEYS_OF_SETTINGS), value, { maxKeys: 4 });
  const destinations = fc.dictionary(
    fc.oneof(fc.constant('a'), fc.webUrl(), fc.string()),
    fc.oneof(settings, value),
    {
      maxKeys: 2,
    },
  );
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: destinations }, { weight: 1, arbitrary: value }), (tree) => {
      try {
        read(JSON.stringify({ destinations: tree }, null, 1));
      } catch (error) {
        ok(error instanceof VolleyError, String(error));
        ok(
          error.message.startsWith(`${CONFIG}:`) && /^:\d+:\d+: .+$/.test(error.message.slice(CONFIG.length)),
          error.message,
        );
      }
    }),
    { numRuns: 1_000 },
  );
});
