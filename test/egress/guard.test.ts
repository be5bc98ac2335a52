import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { isIP } from 'node:net';
import test, { type TestContext } from 'node:test';
import { URL_CASES } from '../guard/url-cases.ts';
import { inNamespace } from './namespace.ts';
import { INTERNAL, PUBLIC_V4, PUBLIC_V6 } from './network.ts';
import { type Fate, REDIRECT, type World } from './scenarios/deliveries.ts';

const deliver = (t: TestContext, world: World) =>
  inNamespace<typeof import('./scenarios/deliveries.ts'), 'deliver'>(t, 'deliveries', 'deliver', world);

const hostOf = (address: string) => (address.includes(':') ? `[${address}]` : address);
const urlsOf = (addresses: readonly string[]) => addresses.map((address) => `http://${hostOf(address)}/`);

/** That nothing was attempted, and that this is why; a URL that no event may have is refused before the guard sees it. */
function assertRefused({ url, end, attempts, detail }: Fate): void {
  match(end, /^(?:url-refused|invalid-envelope)$/, `${url}: ${detail}`);
  equal(attempts, 0, url);
}

test('names with public addresses and public addresses are delivered to', async (t) => {
  const { fates, arrivals, requests, strays, exitCode } = await deliver(t, {
    flags: ['--allow-http'],
    names: {
      'hooks.example.com': [PUBLIC_V4],
      'both.example.com': [PUBLIC_V4, PUBLIC_V6],
      'six.example.com': [PUBLIC_V6],
    },
    aliases: { 'alias.example.com': 'both.example.com' },
    urls: [
      'https://hooks.example.com/tls',
      'http://both.example.com/',
      'http://six.example.com/',
      'http://alias.example.com/',
      ...urlsOf([PUBLIC_V4, PUBLIC_V6]),
    ],
  });
  for (const { url, end } of fates) deepEqual([url, end], [url, 'delivered']);
  deepEqual(Object.keys(arrivals), [PUBLIC_V4, PUBLIC_V6]);
  equal(requests.length, fates.length);
  const tls = requests.find(({ path }) => path === '/tls');
  deepEqual([tls?.address, tls?.host], [PUBLIC_V4, 'hooks.example.com']);
  equal(strays, 0);
  equal(exitCode, 0);
});

test('every URL of the guard’s table that is refused ends as a dead letter, and nobody is sent a packet', async (t) => {
  const cases = URL_CASES.filter(
    ({ policy, code, resolvesTo }) =>
      Object.keys(policy).length === 0 &&
      code !== null &&
      code !== 'unresolved' &&
      // An answer of DNS holds an address, and no zone.
      (resolvesTo ?? []).every((address) => isIP(address) !== 0 && !address.includes('%')),
  );
  const names: Record<string, readonly string[]> = {};
  const urls = cases.map(({ url, resolvesTo }, i) => {
    // The many cases that differ in what one name resolves to get a name each.
    const own = url.replace('://hooks.example/', `://case-${i}.example/`);
    const name = URL.parse(own)?.hostname;
    if (name !== undefined && resolvesTo !== null) names[name] ??= resolvesTo;
    return own;
  });
  ok(urls.length > 400);
  const { fates, arrivals, strays, exitCode, asked } = await deliver(t, {
    flags: [],
    names,
    urls,
  });
  for (const fate of fates) assertRefused(fate);
  deepEqual(arrivals, {});
  equal(strays, 0);
  equal(exitCode, 0);
  ok(asked.every((name) => name in names));
});

test('what leads inside is refused whatever the name or spelling, and nobody is sent a packet', async (t) => {
  const resolving = [
    ...INTERNAL.map((address) => [address]),
    ...INTERNAL.map((address) => [PUBLIC_V4, address]),
    ...INTERNAL.map((address) => [PUBLIC_V6, address]),
    ['::ffff:10.0.0.1'],
    ['::ffff:93.184.216.34', '::ffff:169.254.169.254'],
    ['0.0.0.0'],
    ['::'],
    [PUBLIC_V4, '224.0.0.1'],
  ];
  const names = Object.fromEntries(resolving.map((addresses, i) => [`inside-${i}.example.com`, addresses]));
  const { fates, arrivals, strays } = await deliver(t, {
    flags: ['--allow-http', '--allow-port', '0'],
    names: { ...names, 'intranet.corp.example': ['10.0.0.1'], 'db.internal': [PUBLIC_V4] },
    aliases: {
      'alias.example.com': 'intranet.corp.example',
      'localhost.example.com': 'inside-0.example.com',
    },
    urls: [
      ...Object.keys(names).flatMap((name) => [`https://${name}/`, `http://${name}:6379/`]),
      ...INTERNAL.flatMap((address) => [`https://${hostOf(address)}/`, `http://${hostOf(address)}:8080/`]),
      'http://alias.example.com/',
      'https://localhost.example.com/',
      ...[
        'localhost',
        'hooks.localhost',
        'intranet',
        'db.internal',
        'metadata.google.internal',
        'printer.local',
      ].flatMap((name) => [`https://${name}/`, `http://${name}:8080/`]),
      `http://${PUBLIC_V4}@10.0.0.1/`,
      `http://10.0.0.1\\@${PUBLIC_V4}/`,
      `http://${PUBLIC_V4}:80@10.0.0.1:6379/`,
    ],
  });
  for (const fate of fates) assertRefused(fate);
  deepEqual(arrivals, {});
  equal(strays, 0);
});

test('a redirect that leads inside is a failed attempt, and nobody inside is sent a packet', async (t) => {
  const { fates, arrivals, strays } = await deliver(t, {
    flags: ['--allow-http'],
    names: { 'hooks.example.com': [PUBLIC_V4], 'inside.example.com': ['10.0.0.1'] },
    urls: ['http://10.0.0.1/', 'http://169.254.169.254/', 'https://[::1]/', 'http://inside.example.com/'].map(
      (location) => `https://hooks.example.com${REDIRECT}${encodeURIComponent(location)}`,
    ),
  });
  for (const { url, end, detail, attempts } of fates)
    deepEqual([url, end, detail, attempts], [url, 'exhausted', 'http-302', 2]);
  deepEqual(Object.keys(arrivals), [PUBLIC_V4]);
  equal(strays, 0);
});

test('--allow-net opens its network and nothing else', async (t) => {
  const opened = ['10.0.0.1', '10.255.0.1'];
  const closed = INTERNAL.filter((address) => !opened.includes(address) && address !== '64:ff9b::a00:1');
  const { fates, arrivals, strays } = await deliver(t, {
    flags: ['--allow-http', '--allow-net', '10.0.0.0/8'],
    names: {
      'inside.example.com': ['10.0.0.1'],
      'mixed.example.com': ['10.0.0.1', PUBLIC_V4],
      'halfway.example.com': ['10.0.0.1', '192.168.1.1'],
      'sixes.example.com': ['10.0.0.1', '::1'],
      'db.internal': ['10.255.0.1'],
      'web.internal': [PUBLIC_V4],
    },
    urls: [
      ...urlsOf([...opened, PUBLIC_V4]),
      ...['inside.example.com', 'mixed.example.com', 'db.internal'].map((name) => `http://${name}/`),
      ...urlsOf(closed),
      ...['halfway.example.com', 'sixes.example.com', 'web.internal', 'localhost'].map(
        (name) => `http://${name}/`,
      ),
    ],
  });
  const delivered = opened.length + 1 + 3;
  for (const { url, end } of fates.slice(0, delivered)) deepEqual([url, end], [url, 'delivered']);
  for (const fate of fates.slice(delivered)) assertRefused(fate);
  deepEqual(Object.keys(arrivals).sort(), [...opened, PUBLIC_V4].sort());
  equal(strays, 0);
});

test('--allow-net for all addresses still keeps the metadata services closed, which only their own address opens', async (t) => {
  const metadata = [
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
  ];
  const world: World = {
    flags: ['--allow-http', '--allow-net', '0.0.0.0/0', '--allow-net', '::/0'],
    names: {
      'metadata.example.com': ['169.254.169.254'],
      'mixed.example.com': [PUBLIC_V4, '100.100.100.200'],
      'mapped.example.com': ['::ffff:169.254.169.254'],
      'metadata.google.internal': ['169.254.169.254'],
    },
    urls: [
      ...urlsOf(metadata),
      ...['metadata', 'mixed', 'mapped'].map((label) => `http://${label}.example.com/`),
      'http://metadata.google.internal/',
      'http://[::ffff:169.254.169.254]/',
      ...urlsOf(INTERNAL.filter((address) => !metadata.includes(address))),
    ],
  };
  const closed = world.urls.indexOf('http://127.0.0.1/');
  const { fates, arrivals, strays } = await deliver(t, world);
  for (const fate of fates.slice(0, closed)) assertRefused(fate);
  for (const { url, end } of fates.slice(closed)) deepEqual([url, end], [url, 'delivered']);
  deepEqual(
    Object.keys(arrivals),
    INTERNAL.filter((address) => !metadata.includes(address)),
  );
  equal(strays, 0);

  const named = await deliver(t, {
    ...world,
    flags: ['--allow-http', '--allow-net', '169.254.169.254/32'],
    urls: urlsOf(['169.254.169.254', '100.100.100.200', '169.254.1.1']),
  });
  deepEqual(
    named.fates.map(({ end }) => end),
    ['delivered', 'url-refused', 'url-refused'],
  );
  deepEqual(named.arrivals, { '169.254.169.254': 1 });
  equal(named.strays, 0);
});

test('--allow-host opens that host and nothing else, and no metadata service', async (t) => {
  const { fates, arrivals, strays } = await deliver(t, {
    flags: [
      '--allow-http',
      '--allow-host',
      'inside.example.com',
      '--allow-host',
      '*.corp.example',
      '--allow-host',
      '192.168.1.1',
    ],
    names: {
      'inside.example.com': ['10.0.0.1', '::1'],
      'a.corp.example': ['10.255.0.1'],
      'corp.example': ['172.16.0.1'],
      'other.example.com': ['10.0.0.1'],
      'b.corp.example': ['169.254.169.254'],
      'c.corp.example': ['10.255.0.1', 'fd00:ec2::254'],
      'named.example.com': ['192.168.1.1'],
    },
    urls: [
      'http://inside.example.com/',
      'http://a.corp.example/',
      'http://192.168.1.1/',
      ...['corp.example', 'other.example.com', 'b.corp.example', 'c.corp.example', 'named.example.com'].map(
        (name) => `http://${name}/`,
      ),
      ...urlsOf(['10.0.0.1', '10.255.0.1', '127.0.0.1', '169.254.169.254']),
    ],
  });
  for (const { url, end } of fates.slice(0, 3)) deepEqual([url, end], [url, 'delivered']);
  for (const fate of fates.slice(3)) assertRefused(fate);
  deepEqual(Object.keys(arrivals), ['10.0.0.1', '10.255.0.1', '192.168.1.1']);
  equal(strays, 0);
});
