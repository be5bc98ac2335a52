/** The network inside a namespace: which addresses this machine has there, and how many connections it began. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';

/** Addresses of the Internet, as far as anybody can tell here. */
export const PUBLIC_V4 = '93.184.216.34';
export const PUBLIC_V6 = '2606:2800:220:1::34';

/** Addresses of the Internet at which nobody is: what is sent to them vanishes. */
export const VANISHING_V4 = ['93.184.216.101', '93.184.216.102', '93.184.216.103'] as const;
export const VANISHING_V6 = ['2606:2800:220:1::101', '2606:2800:220:1::102'] as const;

/** Where nothing may arrive: this machine, its private networks, the metadata services of clouds. */
export const INTERNAL = [
  '127.0.0.1',
  '127.0.0.53',
  '10.0.0.1',
  '10.255.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.1.1',
  '169.254.169.254',
  '168.63.129.16',
  '192.0.0.192',
  '198.18.0.1',
  '::1',
  'fd00::1',
  'fd00:ec2::254',
  'fec0::1',
  // What 10.0.0.1 and 169.254.169.254 are to translators and tunnels: NAT64, 6to4, IPv4-translated.
  '64:ff9b::a00:1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b:1::a00:1',
  '2002:a00:1::1',
  '2002:a9fe:a9fe::1',
  '::ffff:0:a00:1',
] as const;

/** Gives this machine all of these addresses, and lets what is sent to any other one vanish. */
export function connectNetwork(): void {
  const own = [PUBLIC_V4, PUBLIC_V6, ...INTERNAL].filter((address) => !/^(?:127\.|::1$)/.test(address));
  ip(
    'link set lo up',
    // A cable whose other end listens to nobody: no address is asked for (arp off), and none is answered for.
    'link add vanish type veth peer name nowhere',
    'link set vanish arp off up',
    'link set nowhere up',
    ...own.map(addTo),
    'route add default dev vanish',
    'route add ::/0 dev vanish',
  );
}

/** Gives this machine one more address. */
export function addAddress(address: string): void {
  ip(addTo(address));
}

function addTo(address: string): string {
  return `addr add ${address}/${isIPv6(address) ? '128 dev lo nodad' : '32 dev lo'}`;
}

function ip(...lines: string[]): void {
  execFileSync('ip', ['-batch', '-'], { input: lines.join('\n'), stdio: ['pipe', 'pipe', 'pipe'] });
}

/** Connections begun here so far: each is at least one SYN, wherever to and whether or not anybody was there (RFC 4022, tcpActiveOpens). */
export function connectionsBegun(): number {
  const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8').match(/^Tcp:.*$/gm) ?? [];
  return Number(values.split(' ')[names.split(' ').indexOf('ActiveOpens')]);
}

/** Leaves this machine without IPv6. */
export function disableIPv6(): void {
  writeFileSync('/proc/sys/net/ipv6/conf/all/disable_ipv6', '1');
}

const PORT_RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

/** Leaves this many local ports for connections; answers a function that gives them all back. */
export function narrowPorts(count: number): () => void {
  const before = readFileSync(PORT_RANGE, 'utf8');
  writeFileSync(PORT_RANGE, `40000 ${40_000 + count - 1}`);
  return () => writeFileSync(PORT_RANGE, before);
}
