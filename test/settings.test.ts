import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import test from 'node:test';
import type { DestinationSettings } from '../src/config/destination-settings.ts';
import { defaultOptions } from '../src/config/options.ts';
import { VolleyError } from '../src/errors.ts';
import { Settings } from '../src/settings.ts';
import type { SignatureScheme } from '../src/signing/schemes.ts';
import type { SigningSecrets } from '../src/signing/secrets.ts';
import { read } from './config/destinations-testing.ts';
import { CANARY, refusal } from './secrets/refusal.ts';

const SECRET = `${CANARY} secret`;
const PUBLIC_ONLY = `whpk_${Buffer.alloc(32, 1).toString('base64')}`;
const ED25519 = `whsk_${generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('base64')}`;
const RULES = { scheduleMs: [1, 2], permanentStatuses: [404] };

interface Given {
  secrets?: Partial<SigningSecrets>;
  destinations?: Record<string, object>;
  signatures?: SignatureScheme[];
  /** Awaited before secrets are there. */
  onLoad?: () => Promise<void>;
}

/** Settings whose sources a test can change or make fail; each loading is asked for by `load`. */
function newSettings({ secrets = {}, destinations = {}, signatures = ['hub', 'standard'], onLoad }: Given) {
  const given = {
    secrets: { default: [SECRET], byName: {}, ...secrets } as SigningSecrets,
    destinations,
    fault: null as Error | null,
  };
  const settings = new Settings({
    secrets: {
      place: 'a place',
      load: async () => {
        await onLoad?.();
        if (given.fault !== null) throw given.fault;
        return { secrets: given.secrets, warnings: ['of secrets'] };
      },
      watch: () => () => {},
    },
    readDestinations: () => {
      const { settings } = read(JSON.stringify({ destinations: given.destinations }));
      return { settings, warnings: ['of destinations'] };
    },
    signatures,
    rules: RULES,
    laneOptions: defaultOptions(),
  });
  return { settings, given };
}

/** What threads are told of each destination. */
async function destinationsOf(given: Given) {
  const { thread } = await newSettings(given).settings.load();
  return Object.fromEntries(thread.destinations);
}

test('threads are told the default secrets, those of names, and of each destination what it says', async () => {
  const { settings } = newSettings({
    secrets: { byName: { acct_1: ['own'], shared: ['new', 'old'], 'https://a.example': ['by origin'] } },
    destinations: {
      acct_1: {},
      acct_2: { secret: 'shared', headers: { 'x-a': '1' }, 'read-timeout': '1s', http2: true },
      acct_3: { 'total-timeout': '5s', signatures: ['hub'] },
    },
  });
  const { thread, disabled, warnings } = await settings.load();
  deepEqual(thread.signingSecrets, [SECRET]);
  deepEqual(Object.fromEntries(thread.namedSecrets), {
    acct_1: ['own'],
    shared: ['new', 'old'],
    'https://a.example': ['by origin'],
  });
  deepEqual(Object.fromEntries(thread.destinations), {
    acct_1: {},
    acct_2: {
      signingSecrets: ['new', 'old'],
      headers: ['x-a', '1'],
      timeouts: { readMs: 1_000 },
      route: { http2: true },
    },
    acct_3: { signatures: ['hub'], timeouts: { totalMs: 5_000 } },
  });
  equal(disabled.size, 0);
  deepEqual(warnings.slice(0, 2), ['of secrets', 'of destinations']);
  match(warnings[2]!, /^5 of the signing secrets have fewer than 16 bytes and can be guessed/);
  equal(warnings.length, 3);
});

test('a destination that refers to another’s secret is signed with that, and not with one of its own name', async () => {
  const destinations = await destinationsOf({
    secrets: { byName: { acct_1: ['own'], acct_2: ['of another'] } },
    destinations: { acct_1: { secret: 'acct_2' } },
  });
  deepEqual(destinations['acct_1'], { signingSecrets: ['of another'] });
});

test('a secret that is referred to and is not there is told with the destination, its name and the fix', async () => {
  for (const name of ['missing', '__proto__', 'constructor', 'toString']) {
    const { settings } = newSettings({ destinations: { acct_1: { secret: name } } });
    const message = await refusal(() => settings.load());
    match(
      message,
      new RegExp(
        `^/.*:1:18: destination acct_1 is to be signed with the secret ${name}, which is not there: add it to the secrets, or correct "secret"$`,
      ),
    );
  }
});

test('names that every JavaScript object has are names like any other', async () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const none = await destinationsOf({ destinations: JSON.parse(`{${names.map((n) => `"${n}":{}`)}}`) });
  for (const name of names) deepEqual(Object.getOwnPropertyDescriptor(none, name)?.value, {}, name);
  const byName = Object.fromEntries(names.map((name) => [name, [`secret of ${name}`]]));
  const { thread } = await newSettings({ secrets: { byName } }).settings.load();
  for (const name of names) deepEqual(thread.namedSecrets.get(name), [`secret of ${name}`]);
  const { settings } = newSettings({ destinations: { a: {} } });
  await settings.load();
  for (const name of names) equal(settings.rulesOf(name, null), RULES);
});

for (const [what, given, message] of [
  [
    'a public key as the default secret',
    { secrets: { default: [SECRET, PUBLIC_ONLY] } },
    /^the default secret: whpk_ is a public key, which cannot sign/,
  ],
  [
    'a public key as a secret of a name',
    { secrets: { byName: { acct_9: [PUBLIC_ONLY] } } },
    /^the secret acct_9: whpk_ is a public key/,
  ],
  [
    'a public key as the secret that a destination refers to',
    {
      secrets: { byName: { shared: [PUBLIC_ONLY] } },
      destinations: { shared: {}, acct_1: { secret: 'shared' } },
    },
    / destination shared: whpk_ is a public key/,
  ],
  [
    'a key that the worker’s schemes cannot use',
    { secrets: { default: [ED25519] } },
    /^the default secret: every secret is an ed25519 key, which hub cannot sign with/,
  ],
  [
    'a key that a destination’s own schemes cannot use',
    {
      secrets: { default: [ED25519] },
      signatures: ['standard'],
      destinations: { acct_1: { signatures: ['slack'] } },
    },
    / destination acct_1: every secret is an ed25519 key, which slack cannot sign with/,
  ],
  [
    'a destination’s key that the worker’s schemes cannot use',
    { secrets: { byName: { acct_1: [ED25519] } }, destinations: { acct_1: {} } },
    / destination acct_1: every secret is an ed25519 key, which hub/,
  ],
  [
    'a provider’s empty list of default secrets',
    { secrets: { default: [] }, signatures: ['standard'] },
    /^the default secret: there is none/,
  ],
  [
    'a provider’s empty list of secrets of a name',
    { secrets: { byName: { acct_1: [] } }, signatures: ['standard'], destinations: { acct_1: {} } },
    / destination acct_1: there is none/,
  ],
] satisfies [string, Given, RegExp][])
  test(`${what} is refused, and named`, async () => {
    match(await refusal(() => newSettings(given).settings.load()), message);
  });

test('a key that the worker’s schemes cannot use may be that of a destination whose own schemes can', async () => {
  const destinations = await destinationsOf({
    secrets: { byName: { acct_1: [ED25519] } },
    destinations: { acct_1: { signatures: ['standard'] } },
  });
  deepEqual(destinations['acct_1'], { signatures: ['standard'] });
});

test('rules are found by the destination’s id, or else by the origin of its URL, or else are the worker’s', async () => {
  const { settings } = newSettings({
    destinations: {
      acct_1: { 'retry-schedule': ['1s'] },
      'https://a.example': { 'permanent-status': [400, 401] },
      'http://a.example:8080': { 'retry-schedule': [] },
    },
  });
  equal(settings.rulesOf('acct_1', null), RULES, 'before anything is loaded');
  await settings.load();
  deepEqual(settings.rulesOf('acct_1', 'https://a.example/x'), {
    scheduleMs: [1_000],
    permanentStatuses: [404],
  });
  deepEqual(settings.rulesOf('acct_1', null), { scheduleMs: [1_000], permanentStatuses: [404] });
  const byOrigin = { scheduleMs: [1, 2], permanentStatuses: [400, 401] };
  for (const url of ['https://a.example', 'https://A.example:443/x?y', 'https://a.example/#z'])
    deepEqual(settings.rulesOf('acct_2', url), byOrigin, url);
  deepEqual(settings.rulesOf('https://a.example', null), byOrigin, 'a lane by the origin, and no URL known');
  deepEqual(settings.rulesOf('x', 'http://a.example:8080/'), { scheduleMs: [], permanentStatuses: [404] });
  for (const url of [null, 'https://b.example/', 'http://a.example/', 'no url', ''])
    equal(settings.rulesOf('acct_2', url), RULES, `${url}`);
});

test('destinations that are disabled are told apart', async () => {
  const { settings } = newSettings({
    destinations: { a: { disabled: true }, b: { disabled: false }, c: {} },
  });
  deepEqual([...(await settings.load()).disabled], ['a']);
});

test('what cannot be loaded leaves what was, whichever part is wrong', async () => {
  const { settings, given } = newSettings({ destinations: { a: { 'retry-schedule': ['7s'] } } });
  await settings.load();
  const assertUnchanged = () => deepEqual(settings.rulesOf('a', null).scheduleMs, [7_000]);
  given.destinations = { a: { 'retry-schedule': ['8s'], secret: 'missing' } };
  await rejects(settings.load(), { code: 'VOLLEY_SECRET' });
  assertUnchanged();
  given.destinations = { a: { 'retry-schedule': 'soon' } };
  await rejects(settings.load(), { code: 'VOLLEY_CONFIG' });
  assertUnchanged();
  given.destinations = { a: { 'retry-schedule': ['8s'] } };
  given.fault = new VolleyError('VOLLEY_SECRET', 'unreadable');
  await rejects(settings.load(), given.fault);
  assertUnchanged();
  given.fault = null;
  await settings.load();
  deepEqual(settings.rulesOf('a', null).scheduleMs, [8_000]);
});

test('loadings asked for at once go one after the other, and the last one stays', async () => {
  const asked: PromiseWithResolvers<void>[] = [];
  const { settings, given } = newSettings({
    onLoad: () => {
      asked.push(Promise.withResolvers());
      return asked.at(-1)!.promise;
    },
  });
  const schedule = () => settings.rulesOf('a', null).scheduleMs;
  const [first, failing, last] = [settings.load(), settings.load(), settings.load()];
  const goOn = async () => {
    asked.at(-1)!.resolve();
    await new Promise(setImmediate);
  };
  await new Promise(setImmediate);
  equal(asked.length, 1);
  given.destinations = { a: { 'retry-schedule': ['1s'] } };
  await goOn();
  await first;
  deepEqual([asked.length, schedule()], [2, [1_000]]);
  given.destinations = { a: { 'retry-schedule': 'soon' } };
  await Promise.all([rejects(failing, { code: 'VOLLEY_CONFIG' }), goOn()]);
  deepEqual([asked.length, schedule()], [3, [1_000]]);
  given.destinations = { a: { 'retry-schedule': ['2s'] } };
  await goOn();
  await last;
  deepEqual(schedule(), [2_000]);
});

test('threads are told every setting of a destination but those that the main thread goes by', async () => {
  const settings = new Map([
    [
      'a',
      {
        secretName: 'shared',
        headers: ['x', '1'],
        connectTimeoutMs: 1,
        place: 'FILE:1:1',
        readTimeoutMs: 2,
        totalTimeoutMs: 3,
        retryScheduleMs: [4],
        signatures: ['hub'],
        permanentStatuses: [400],
        ratePerSecond: 5,
        rateBurst: 6,
        maxInFlight: 7,
        breakerFailures: 8,
        coolOffMs: 9,
        disabled: true,
        clientCertificate: 'certificate',
        clientKey: 'key',
        ca: 'ca',
        proxy: { host: 'proxy', port: 1, tls: false, authorization: null },
        sourceAddress: '192.0.2.1',
        encryptionKey: { kty: 'RSA' },
        http2: false,
      } satisfies Record<keyof DestinationSettings, unknown> as unknown as DestinationSettings,
    ],
  ]);
  const { thread } = await new Settings({
    secrets: {
      place: '',
      load: async () => ({ secrets: { default: ['s'], byName: { shared: ['t'] } }, warnings: [] }),
      watch: () => () => {},
    },
    readDestinations: () => ({ settings, warnings: [] }),
    signatures: ['hub'],
    rules: RULES,
    laneOptions: defaultOptions(),
  }).load();
  deepEqual(thread.destinations.get('a'), {
    signingSecrets: ['t'],
    signatures: ['hub'],
    headers: ['x', '1'],
    timeouts: { connectMs: 1, readMs: 2, totalMs: 3 },
    encryptionKey: { kty: 'RSA' },
    route: {
      clientCertificate: 'certificate',
      clientKey: 'key',
      ca: 'ca',
      proxy: { host: 'proxy', port: 1, tls: false, authorization: null },
      sourceAddress: '192.0.2.1',
      http2: false,
    },
  });
});
