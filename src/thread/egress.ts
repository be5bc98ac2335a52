/**
 * Where requests may go: https on port 443 to public addresses, and what the policy adds to that.
 * The URL is judged before an attempt; the addresses of a name are judged when it is resolved, so that the address
 * dialled is one that was judged.
 */
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { EgressPolicy } from './policy.ts';

/** Networks that are not the public Internet (IANA special-purpose registries, and multicast). */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** All of IPv6 that is not global unicast, and the parts of that which embed IPv4 or are set aside. */
const SPECIAL_V6 = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
];

/** The code of the error a refused address is reported with. */
export const EGRESS_REFUSED = 'VOLLEY_EGRESS_REFUSED';

class EgressRefusedError extends Error {
  readonly code = EGRESS_REFUSED;
}

export interface Egress {
  /** Why a URL may not be delivered to, in one line; null when it may, as far as the URL tells. */
  refusal(url: URL): string | null;
  /** `dns.lookup` that fails with EGRESS_REFUSED when any of a name's addresses may not be reached. */
  readonly lookup: LookupFunction;
}

/** Throws a RangeError naming the CIDR that is not one. */
export function egress(policy: EgressPolicy): Egress {
  // One list for each family: Node compares an IPv4 address with IPv6 networks as ::ffff:a.b.c.d, which ::/3 holds.
  const special = { ipv4: blockList(SPECIAL_V4), ipv6: blockList(SPECIAL_V6) };
  const allowed = {
    ipv4: blockList(policy.allowNets.filter((net) => !net.includes(':'))),
    ipv6: blockList(policy.allowNets.filter((net) => net.includes(':'))),
  };
  const ports = new Set(policy.allowPorts);

  function refusedAddress(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return special[family].check(address, family) && !allowed[family].check(address, family);
  }

  function refusal(url: URL): string | null {
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && policy.allowHttp))
      return `${url.protocol}// is not delivered to: use https, or start the worker with --allow-http`;
    if (url.port !== '' && !ports.has(Number(url.port)) && !ports.has(0))
      return `port ${url.port} is not delivered to: use 443, or start the worker with --allow-port ${url.port}`;
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname;
    return isIP(host) !== 0 && refusedAddress(host) ? notPublic(host) : null;
  }

  const vettedLookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const refused = addresses.find(({ address }) => refusedAddress(address));
      if (refused !== undefined) return callback(new EgressRefusedError(notPublic(refused.address)), []);
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      return callback(null, first!.address, first!.family);
    });
  };

  return { refusal, lookup: vettedLookup };
}

function notPublic(address: string): string {
  return `${address} is not a public address: start the worker with --allow-net ${address}/${isIP(address) === 6 ? 128 : 32} to deliver there`;
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix = '', ...rest] = cidr.split('/');
    const family = isIP(network);
    const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (family === 0 || rest.length > 0 || !(bits <= (family === 6 ? 128 : 32)))
      throw new RangeError(
        `${JSON.stringify(cidr)} is not a network: write ADDRESS/BITS, for example 10.1.0.0/16`,
      );
    list.addSubnet(network, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
