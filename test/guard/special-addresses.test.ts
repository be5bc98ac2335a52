import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import ipaddr from 'ipaddr.js';
import { guardOf } from '../../src/guard/guard.ts';
import { CLOSED_POLICY } from '../../src/guard/policy.ts';
import {
  BEYOND_REGISTRIES,
  EMBEDDED_IPV4,
  IPV4_REGISTRY,
  IPV6_REGISTRY,
  METADATA,
  NO_HOST,
  TRANSPARENT,
} from '../../src/guard/special-addresses.ts';

const ROWS = [...IPV4_REGISTRY, ...IPV6_REGISTRY, ...BEYOND_REGISTRIES, ...METADATA];
const closed = guardOf(CLOSED_POLICY);

/** First and last address of a network, by the library. */
function edges(net: string): string[] {
  const [address, bits] = ipaddr.parseCIDR(net);
  const bytes = address.toByteArray();
  const last = bytes.map((byte, i) => byte | (0xff >> Math.max(0, Math.min(8, bits - 8 * i))));
  return [bytes, last].map((each) => ipaddr.fromByteArray(each).toString());
}

test('the first and the last address of every block are refused, with the row of the smallest block around them', () => {
  for (const [net, what, source] of ROWS) {
    // What stands for public IPv4 addresses is judged as these.
    if (net === TRANSPARENT) continue;
    for (const address of edges(net)) {
      const detail = closed.judgeAddress(address, address)?.detail ?? '';
      const smallest = ROWS.filter(([other]) => isIn(address, other)).sort(
        (a, b) => bits(b[0]) - bits(a[0]),
      )[0]!;
      ok(bits(smallest[0]) >= bits(net));
      ok(detail.includes(`${smallest[1]} (${smallest[2]})`), `${address} of ${net}: ${detail}`);
      if (smallest[0] === net) ok(detail.includes(`${what} (${source})`));
    }
  }
});

test('the addresses around a block are judged by themselves', () => {
  const neighbours = [
    '9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.15 168.63.129.17',
    '169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 223.255.255.255 2000:: 2001:200:: 2001:db7:ffff::',
    '2001:db9:: 2003:: 2620:4f:7fff:: 2620:4f:8001:: 3ffe:: 3fff:1000:: 1.0.0.0',
  ].flatMap((line) => line.split(' '));
  for (const address of neighbours) equal(closed.judgeAddress(address, address), null, address);
});

test('each row is a network without bits of the host, and stands there once', () => {
  for (const [net] of ROWS) equal(edges(net)[0], ipaddr.parseCIDR(net)[0].toString(), net);
  const nets = ROWS.map(([net]) => net);
  deepEqual(
    nets.filter((net, i) => nets.indexOf(net) !== i),
    [],
  );
  for (const net of [...NO_HOST, ...EMBEDDED_IPV4.keys(), TRANSPARENT]) ok(nets.includes(net), net);
});

test('a metadata service is refused as one in each of its guises, and opened by its own address alone', () => {
  for (const [net] of METADATA) {
    const [address = ''] = net.split('/');
    const guises = [address];
    if (!address.includes(':')) {
      guises.push(`::ffff:${address}`, `::${address}`, `::ffff:0:${address}`, `64:ff9b::${address}`);
    }
    for (const guise of guises) equal(closed.judgeAddress('hooks.example', guise)?.code, 'metadata', guise);
    const wide = guardOf({
      ...CLOSED_POLICY,
      allowNets: ['0.0.0.0/0', '::/0'],
      allowHosts: ['hooks.example'],
    });
    for (const guise of guises) equal(wide.judgeAddress('hooks.example', guise)?.code, 'metadata', guise);
    const named = guardOf({ ...CLOSED_POLICY, allowNets: [net] });
    equal(named.judgeAddress('hooks.example', address), null);
    const listed = guardOf({ ...CLOSED_POLICY, allowHosts: [address] });
    equal(listed.judgeAddress(address, address), null);
    equal(listed.judgeAddress('hooks.example', address)?.code, 'metadata');
  }
});

function isIn(address: string, net: string): boolean {
  const [parsed, network] = [ipaddr.parse(address), ipaddr.parseCIDR(net)];
  return (
    parsed.kind() === network[0].kind() &&
    parsed.match(network as [ipaddr.IPv4, number] & [ipaddr.IPv6, number])
  );
}

function bits(net: string): number {
  return Number(net.split('/')[1]);
}
