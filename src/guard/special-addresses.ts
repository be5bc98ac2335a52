/**
 * Addresses that are not public hosts.
 *
 * The rows of the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890) of 9 October 2025, all of them:
 * also those that are globally reachable (AS112, AMT, anycast services) are places where nobody's webhook is.
 * https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry
 */

/** The block, what it is, and where that is written. Where blocks nest, the smallest speaks. */
type Row = readonly [net: string, what: string, source: string];

export const IPV4_REGISTRY: readonly Row[] = [
  ['0.0.0.0/8', 'this network', 'RFC 791'],
  ['0.0.0.0/32', 'unspecified', 'RFC 1122'],
  ['10.0.0.0/8', 'private use', 'RFC 1918'],
  ['100.64.0.0/10', 'shared address space', 'RFC 6598'],
  ['127.0.0.0/8', 'loopback', 'RFC 1122'],
  ['169.254.0.0/16', 'link-local', 'RFC 3927'],
  ['172.16.0.0/12', 'private use', 'RFC 1918'],
  ['192.0.0.0/24', 'IETF protocol assignments', 'RFC 6890'],
  ['192.0.0.0/29', 'IPv4 service continuity', 'RFC 7335'],
  ['192.0.0.8/32', 'dummy address', 'RFC 7600'],
  ['192.0.0.9/32', 'Port Control Protocol anycast', 'RFC 7723'],
  ['192.0.0.10/32', 'TURN anycast', 'RFC 8155'],
  ['192.0.0.170/32', 'NAT64 discovery', 'RFC 8880'],
  ['192.0.0.171/32', 'NAT64 discovery', 'RFC 8880'],
  ['192.0.2.0/24', 'documentation', 'RFC 5737'],
  ['192.31.196.0/24', 'AS112', 'RFC 7535'],
  ['192.52.193.0/24', 'AMT', 'RFC 7450'],
  ['192.88.99.0/24', '6to4 relay anycast, deprecated', 'RFC 7526'],
  ['192.88.99.2/32', '6a44 relay anycast', 'RFC 6751'],
  ['192.168.0.0/16', 'private use', 'RFC 1918'],
  ['192.175.48.0/24', 'AS112', 'RFC 7534'],
  ['198.18.0.0/15', 'benchmarking', 'RFC 2544'],
  ['198.51.100.0/24', 'documentation', 'RFC 5737'],
  ['203.0.113.0/24', 'documentation', 'RFC 5737'],
  ['240.0.0.0/4', 'reserved', 'RFC 1112'],
  ['255.255.255.255/32', 'limited broadcast', 'RFC 919'],
];

export const IPV6_REGISTRY: readonly Row[] = [
  ['::1/128', 'loopback', 'RFC 4291'],
  ['::/128', 'unspecified', 'RFC 4291'],
  ['::ffff:0:0/96', 'IPv4-mapped', 'RFC 4291'],
  ['64:ff9b::/96', 'NAT64', 'RFC 6052'],
  ['64:ff9b:1::/48', 'local-use NAT64', 'RFC 8215'],
  ['100::/64', 'discard-only', 'RFC 6666'],
  ['100:0:0:1::/64', 'dummy prefix', 'RFC 9780'],
  ['2001::/23', 'IETF protocol assignments', 'RFC 2928'],
  ['2001::/32', 'Teredo', 'RFC 4380'],
  ['2001:1::1/128', 'Port Control Protocol anycast', 'RFC 7723'],
  ['2001:1::2/128', 'TURN anycast', 'RFC 8155'],
  ['2001:1::3/128', 'DNS-SD service registration anycast', 'RFC 9665'],
  ['2001:2::/48', 'benchmarking', 'RFC 5180'],
  ['2001:3::/32', 'AMT', 'RFC 7450'],
  ['2001:4:112::/48', 'AS112', 'RFC 7535'],
  ['2001:10::/28', 'ORCHID, deprecated', 'RFC 4843'],
  ['2001:20::/28', 'ORCHIDv2', 'RFC 7343'],
  ['2001:30::/28', 'drone remote ID entity tags', 'RFC 9374'],
  ['2001:db8::/32', 'documentation', 'RFC 3849'],
  ['2002::/16', '6to4', 'RFC 3056'],
  ['2620:4f:8000::/48', 'AS112', 'RFC 7534'],
  ['3fff::/20', 'documentation', 'RFC 9637'],
  ['5f00::/16', 'SRv6 segment identifiers', 'RFC 9602'],
  ['fc00::/7', 'unique local', 'RFC 4193'],
  ['fe80::/10', 'link-local', 'RFC 4291'],
];

/** What the registries leave out, as it is not for a special purpose or is deprecated. The last rows are all that is outside 2000::/3. */
export const BEYOND_REGISTRIES: readonly Row[] = [
  ['224.0.0.0/4', 'multicast', 'RFC 5771'],
  ['::/96', 'IPv4-compatible, deprecated', 'RFC 4291'],
  ['::ffff:0:0:0/96', 'IPv4-translated', 'RFC 2765'],
  ['fec0::/10', 'site-local, deprecated', 'RFC 3879'],
  ['ff00::/8', 'multicast', 'RFC 4291'],
  ['::/3', 'not global unicast', 'RFC 4291'],
  ['4000::/2', 'not global unicast', 'RFC 4291'],
  ['8000::/1', 'not global unicast', 'RFC 4291'],
];

/** Where clouds serve an instance its credentials and settings, and the clouds whose documentation says so. */
export const METADATA: readonly Row[] = [
  ['169.254.169.254/32', 'cloud metadata', 'AWS, Google Cloud, Azure, Oracle, OpenStack and others'],
  ['169.254.170.2/32', 'cloud metadata', 'AWS ECS credentials'],
  ['169.254.170.23/32', 'cloud metadata', 'AWS EKS Pod Identity'],
  ['169.254.0.23/32', 'cloud metadata', 'Tencent Cloud'],
  ['169.254.10.10/32', 'cloud metadata', 'Tencent Cloud'],
  ['169.254.42.42/32', 'cloud metadata', 'Scaleway'],
  ['100.100.100.200/32', 'cloud metadata', 'Alibaba Cloud'],
  ['192.0.0.192/32', 'cloud metadata', 'Oracle Cloud Classic'],
  // Public by its number, and answered by the host of the machine alone.
  ['168.63.129.16/32', 'cloud metadata', 'Azure wire server'],
  ['fd00:ec2::254/128', 'cloud metadata', 'AWS'],
  ['fd00:ec2::23/128', 'cloud metadata', 'AWS EKS Pod Identity'],
  ['fd20:ce::254/128', 'cloud metadata', 'Google Cloud'],
  ['fd00:c1::a9fe:a9fe/128', 'cloud metadata', 'Oracle Cloud'],
  ['fd00:42::42/128', 'cloud metadata', 'Scaleway'],
  ['fd00:a9fe:a9fe::1/128', 'cloud metadata', 'Akamai'],
  ['fd00:100::100:200/128', 'cloud metadata', 'Alibaba Cloud'],
  ['fe80::a9fe:a9fe/128', 'cloud metadata', 'OpenStack, Akamai'],
];

/** Blocks whose addresses are not one host: nobody means them by the name of a host. */
export const NO_HOST: ReadonlySet<string> = new Set([
  '0.0.0.0/32',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  'ff00::/8',
]);

/** Blocks of IPv6 whose addresses hold an IPv4 address that packets may end up at, and where in the eight words it stands. */
export const EMBEDDED_IPV4: ReadonlyMap<string, 'low' | 'second' | 'low-inverted'> = new Map([
  ['::/96', 'low'],
  ['::ffff:0:0/96', 'low'],
  ['::ffff:0:0:0/96', 'low'],
  ['64:ff9b::/96', 'low'],
  // RFC 8215 leaves open where in it the address stands; a /96 of it is usual.
  ['64:ff9b:1::/48', 'low'],
  ['2002::/16', 'second'],
  // The client's address; the server's, in front of it, only helps to find the client (RFC 4380 §4).
  ['2001::/32', 'low-inverted'],
]);

/** The block that stands for the IPv4 Internet: its addresses are what their IPv4 address is, as hosts without IPv4 need it (RFC 6052 §3.1). */
export const TRANSPARENT = '64:ff9b::/96';
