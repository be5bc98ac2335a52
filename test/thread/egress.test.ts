import { equal, match, ok, throws } from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import test from 'node:test';
import { EGRESS_REFUSED, egress } from '../../src/thread/egress.ts';
import type { EgressPolicy } from '../../src/thread/policy.ts';

const CLOSED: EgressPolicy = { allowHttp: false, allowNets: [], allowPorts: [] };
const refusalOf = (url: string, policy: Partial<EgressPolicy> = {}) =>
  egress({ ...CLOSED, ...policy }).refusal(new URL(url));

test('https on its own port is allowed to public addresses and to names', () => {
  for (const host of [
    'example.com',
    'localhost',
    '8.8.8.8',
    '1.1.1.1',
    '100.63.255.255',
    '172.32.0.1',
    '[2606:4700::1111]',
    '[2a00::1]',
  ])
    equal(refusalOf(`https://${host}/x`), null, host);
});

/** An address of each special network, at its edges where that tells something. */
const SPECIAL = [
  '0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255',
  '169.254.169.254 172.16.0.0 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.255.255',
  '198.18.0.0 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255',
  '[::] [::1] [::ffff:8.8.8.8] [64:ff9b::808:808] [100::1] [2001::1] [2001:db8::1] [2002:808:808::] [3fff::1]',
  '[fc00::1] [fdff::1] [fe80::1] [fec0::1] [ff02::1] [4000::1] [8000::1]',
].flatMap((line) => line.split(' '));

for (const host of SPECIAL) {
  test(`${host} is not a public address, and the refusal names the flag that would allow it`, () => {
    match(refusalOf(`https://${host}/`) ?? '', /is not a public address: .*--allow-net \S+\/(32|128)/);
  });
}

test('the network that the refusal names allows the address', () => {
  for (const host of SPECIAL) {
    const network = /--allow-net (\S+)/.exec(refusalOf(`https://${host}/`)!)![1]!;
    equal(refusalOf(`https://${host}/`, { allowNets: [network] }), null, `${host} ${network}`);
  }
});

test('http and other ports need their flags, each by itself', () => {
  match(refusalOf('http://example.com/') ?? '', /--allow-http/);
  equal(refusalOf('http://example.com/', { allowHttp: true }), null);
  match(refusalOf('http://example.com:8080/', { allowHttp: true }) ?? '', /--allow-port 8080/);
  equal(refusalOf('https://example.com:8443/', { allowPorts: [8443] }), null);
  equal(refusalOf('https://example.com:8443/', { allowPorts: [0] }), null);
  match(refusalOf('https://example.com:80/') ?? '', /--allow-port 80/);
  match(refusalOf('http://10.0.0.1:8080/', { allowHttp: true, allowPorts: [0] }) ?? '', /--allow-net/);
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
  ])
    throws(
      () => egress({ ...CLOSED, allowNets: [net] }),
      { name: 'RangeError', message: /is not a network/ },
      net,
    );
});

/** What the guarded lookup answers for a name. */
function lookUp(name: string, policy: Partial<EgressPolicy>, all: boolean) {
  return new Promise<{ error: NodeJS.ErrnoException | null; address: string | LookupAddress[] }>(
    (resolve) => {
      egress({ ...CLOSED, ...policy }).lookup(name, { all }, (error, address) => resolve({ error, address }));
    },
  );
}

test('a name is judged by the addresses that are dialled, asked for all or for one', async () => {
  for (const all of [true, false]) {
    equal((await lookUp('localhost', {}, all)).error?.code, EGRESS_REFUSED);
    const { error, address } = await lookUp('localhost', { allowNets: ['127.0.0.0/8', '::1/128'] }, all);
    equal(error, null);
    ok(all ? Array.isArray(address) && address.length > 0 : typeof address === 'string');
  }
  equal((await lookUp('no-such-host.invalid', {}, true)).error?.syscall, 'getaddrinfo');
});
