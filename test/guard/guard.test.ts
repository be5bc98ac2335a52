import { deepEqual, equal, match, throws } from 'node:assert/strict';
import test from 'node:test';
import { guardOf, type Refusal, type Target } from '../../src/guard/guard.ts';
import { CLOSED_POLICY, type GuardPolicy } from '../../src/guard/policy.ts';

const guarded = (policy: Partial<GuardPolicy> = {}) => guardOf({ ...CLOSED_POLICY, ...policy });

function refusalOf(url: string, policy: Partial<GuardPolicy> = {}): Refusal | null {
  const judged = guarded(policy).judgeUrl(url);
  return judged.kind === 'refused' ? judged.refusal : null;
}

const detailOf = (url: string, policy: Partial<GuardPolicy> = {}) => refusalOf(url, policy)?.detail ?? '';

function targetOf(url: string, policy: Partial<GuardPolicy> = {}): Omit<Target, 'kind'> {
  const judged = guarded(policy).judgeUrl(url);
  if (judged.kind === 'refused') throw new Error(judged.refusal.detail);
  const { kind, ...target } = judged;
  return target;
}

test('a URL that is allowed is taken apart: where to connect, what to ask for', () => {
  deepEqual(targetOf('https://Example.COM:0443/Hooks/../a b?c=d e#f'.replaceAll(' ', '%20')), {
    scheme: 'https',
    host: 'example.com',
    isAddress: false,
    port: 443,
    origin: 'https://example.com',
    path: '/a%20b?c=d%20e',
  });
  deepEqual(targetOf('http://[2606:4700:0::1111]:8080', { allowHttp: true, allowPorts: [8080] }), {
    scheme: 'http',
    host: '2606:4700::1111',
    isAddress: true,
    port: 8080,
    origin: 'http://[2606:4700::1111]:8080',
    path: '/',
  });
  deepEqual(targetOf('https://1.1.1.1?x'), {
    scheme: 'https',
    host: '1.1.1.1',
    isAddress: true,
    port: 443,
    origin: 'https://1.1.1.1',
    path: '/?x',
  });
});

test('a path in other alphabets goes over the wire percent-encoded', () => {
  equal(targetOf('https://example.com/caf\u00e9?q=\u65e5').path, '/caf%C3%A9?q=%E6%97%A5');
});

test('http and other ports need their flags, each by itself, and the refusal names the flag', () => {
  match(detailOf('http://example.com/'), /use https, or start the worker with --allow-http$/);
  equal(refusalOf('http://example.com/', { allowHttp: true }), null);
  match(
    detailOf('https://example.com:8443/'),
    /^port 8443 .*use 443, or start the worker with --allow-port 8443$/,
  );
  match(detailOf('http://example.com:8080/', { allowHttp: true }), /use 80, or .*--allow-port 8080$/);
  equal(refusalOf('https://example.com:8443/', { allowPorts: [8443] }), null);
  equal(refusalOf('https://example.com:8443/', { allowPorts: [0] }), null);
  match(detailOf('https://example.com:80/'), /--allow-port 80$/);
  match(detailOf('http://10.0.0.1:8080/', { allowHttp: true, allowPorts: [0] }), /--allow-net/);
});

test('an address that is not public is told with what it is, where that is written, and the network that would allow it', () => {
  const expected: [url: string, detail: string][] = [
    [
      'https://127.1/',
      '127.0.0.1 is not a public address: loopback (RFC 1122); start the worker with --allow-net 127.0.0.1/32 to deliver there',
    ],
    [
      'https://[FD00::1]/',
      'fd00::1 is not a public address: unique local (RFC 4193); start the worker with --allow-net fd00::1/128 to deliver there',
    ],
    [
      'https://[::ffff:8.8.8.8]/',
      '::ffff:808:808 is not a public address: IPv4-mapped (RFC 4291) of 8.8.8.8; start the worker with --allow-net ::ffff:808:808/128 to deliver there',
    ],
    [
      'https://[2002:a00:1::]/',
      '2002:a00:1:: is not a public address: 6to4 (RFC 3056) of 10.0.0.1, private use (RFC 1918); start the worker with --allow-net 2002:a00:1::/128 to deliver there',
    ],
    [
      'https://[2001::f5ff:fffe]/',
      '2001::f5ff:fffe is not a public address: Teredo (RFC 4380) of 10.0.0.1, private use (RFC 1918); start the worker with --allow-net 2001::f5ff:fffe/128 to deliver there',
    ],
    [
      'https://[64:ff9b::169.254.169.254]/',
      '64:ff9b::a9fe:a9fe is not a public address: NAT64 (RFC 6052) of 169.254.169.254, cloud metadata (AWS, Google Cloud, Azure, Oracle, OpenStack and others); start the worker with --allow-net 64:ff9b::a9fe:a9fe/128 to deliver there',
    ],
  ];
  for (const [url, detail] of expected) equal(detailOf(url), detail);
  equal(
    guarded().judgeAddress('hooks.example', '10.0.0.1')?.detail,
    '10.0.0.1 is not a public address: private use (RFC 1918), and hooks.example resolves to it; start the worker with --allow-net 10.0.0.1/32 to deliver there',
  );
});

test('the network that a refusal names allows the address, and no other', () => {
  for (const host of [
    '0.0.0.0 127.0.0.1 10.0.0.1 100.64.0.1 169.254.169.254 168.63.129.16 192.0.0.9 224.0.0.1 255.255.255.255',
    '[::] [::1] [::ffff:10.0.0.1] [::10.0.0.1] [64:ff9b::a00:1] [64:ff9b:1::1] [2001::1] [2001:db8::1] [2002:808:808::]',
    '[fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1] [4000::1] [8000::1]',
  ].flatMap((line) => line.split(' '))) {
    const network = /--allow-net (\S+\/(?:32|128)) /.exec(detailOf(`https://${host}/`))?.[1] ?? 'none';
    equal(refusalOf(`https://${host}/`, { allowNets: [network] }), null, `${host} ${network}`);
    match(detailOf('https://10.9.9.9/', { allowNets: [network] }), /--allow-net 10\.9\.9\.9\/32/);
  }
});

test('a special name is told with what it is and how to allow it, which does', () => {
  match(
    detailOf('https://localhost/'),
    /^localhost is not a public address: a special-use name \(RFC 6761\); .*--allow-host localhost, or --allow-net/,
  );
  match(detailOf('https://db/'), /^db is not a public address: a name without a dot; .*--allow-host db,/);
  for (const host of ['localhost', 'db', 'vault.internal', 'a.home.arpa']) {
    const allowed = /--allow-host ([^\s,]+)/.exec(detailOf(`https://${host}/`))?.[1] ?? 'none';
    equal(refusalOf(`https://${host}/`, { allowHosts: [allowed] }), null);
    equal(guarded({ allowHosts: [allowed] }).judgeAddress(host, '10.0.0.1'), null);
  }
  equal(
    guarded({ allowNets: ['10.0.0.0/8'] }).judgeAddress('vault.internal', '1.1.1.1')?.detail,
    'vault.internal is a special-use name (ICANN 2024-07-29), and resolves to 1.1.1.1, which is in no network of --allow-net: start the worker with --allow-net 1.1.1.1/32 to deliver there',
  );
});

test('a special name is held to the networks by its addresses too, whoever judged the URL', () => {
  equal(guarded().judgeAddress('localhost', '1.1.1.1')?.code, 'special-name');
  equal(guarded().judgeAddress('localhost', '127.0.0.1')?.code, 'address');
});

test('a spelling is told with the one to write, which is allowed', () => {
  for (const url of [
    'https://0x01010101/',
    'https://1.1/',
    'https://example.com./',
    'https://b\u00fccher.example/',
    'https://ex%61mple.com/',
    'https://1.1.1\uff0e1/',
  ]) {
    const host = /: write (\S+)$/.exec(detailOf(url))?.[1] ?? 'none';
    equal(refusalOf(`https://${host}/`), null, `${url} → ${host}`);
  }
});

test('a character that is refused is told by its number and place', () => {
  match(detailOf('https://example.com/\u200b'), /^the URL holds U\+200B at character 21: /);
  match(detailOf('https://example.com/a\\b'), /U\+005C at character 22: write \/ or %5C$/);
  match(detailOf('https://example.com/\u{e0041}'), /U\+E0041 at/);
});

test('one bad answer among many refuses, an empty one too, and a good one is dialled', () => {
  const guard = guarded();
  const good = Array.from({ length: 100 }, (_, i) => `1.1.${i}.1`);
  equal(guard.judgeAddresses('hooks.example', good), null);
  for (const place of [0, 50, 100])
    equal(guard.judgeAddresses('hooks.example', good.toSpliced(place, 0, '::1'))?.code, 'address');
  equal(guard.judgeAddresses('hooks.example', [])?.code, 'unresolved');
});

test('a socket connected elsewhere than was judged is seen', () => {
  const guard = guarded({ allowHosts: ['hooks.example'] });
  equal(guard.judgeAddress('hooks.example', '10.0.0.1'), null);
  equal(guard.judgeAddress('other.example', '10.0.0.1')?.code, 'address');
  equal(guard.judgeAddress('other.example', '')?.code, 'address');
});

test('a network that is none is named', () => {
  for (const net of [
    '',
    '10.0.0.0',
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    'example.com/8',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/ 8',
    '10.0.0.0/',
    '010.0.0.0/8',
    'fe80::%eth0/64',
    '[::1]/128',
  ])
    throws(
      () => guarded({ allowNets: ['10.0.0.0/8', net] }),
      (error) =>
        error instanceof RangeError &&
        error.message.startsWith(`${JSON.stringify(net)} is not a network: write `),
      net,
    );
});

test('a host that is none is named', () => {
  for (const host of [
    '',
    '*',
    '*.',
    '*.*.example',
    'a.*.example',
    '*example',
    '.example',
    'a..b',
    'example.com.',
    'https://example.com',
    'example.com:443',
    'user@example.com',
    'example.com/x',
    'b\u00fccher.example',
    'a b',
    '127.1',
    '0x7f000001',
    '1.2.3.4.5',
    '10.0.0.0/8',
    '*.10.0.0.1',
    '*.[::1]',
    '[10.0.0.1]',
    '[::1',
    'fe80::1%eth0',
    'x'.repeat(64),
  ])
    throws(
      () => guarded({ allowHosts: ['example.com', host] }),
      (error) =>
        error instanceof RangeError &&
        error.message.startsWith(`${JSON.stringify(host)} is not a host: write `),
      host,
    );
});

test('a policy is plain data, which a thread can be sent', () => {
  const policy: GuardPolicy = {
    allowHttp: true,
    allowNets: ['10.0.0.0/8'],
    allowHosts: ['*.corp.example'],
    allowPorts: [0],
  };
  deepEqual(structuredClone(policy), policy);
});
