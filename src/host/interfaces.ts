/** Network interfaces, as /sys tells of them. */
import { mapped, type Reading } from './reading.ts';
import { type SystemFiles, textOf } from './system-files.ts';

const NETWORK = '/sys/class/net';

export interface InterfaceFacts {
  readonly name: string;
  /** In Mb/s; null where the driver tells none, as in virtual machines. */
  readonly speedMbit: number | null;
  readonly mtuBytes: number;
  readonly packets: number;
  readonly errors: number;
  readonly dropped: number;
  readonly carrierChanges: number;
}

/** Interfaces that are up, without the loopback, and where there are default routes only those that they lead by. */
export function readInterfaces(files: SystemFiles): Reading<readonly InterfaceFacts[]> {
  return mapped(files.list(NETWORK), (names) => {
    const up = names.filter(
      (name) => name !== 'lo' && textOf(files, `${NETWORK}/${name}/operstate`) === 'up',
    );
    const leading = up.filter((name) => defaultRoutes(files).has(name));
    return (leading.length > 0 ? leading : up).map((name) => interfaceOf(files, name));
  });
}

/** Interfaces of default routes: in the IPv4 table those to 00000000. */
function defaultRoutes(files: SystemFiles): ReadonlySet<string> {
  const lines = (textOf(files, '/proc/net/route') ?? '').split('\n').map((line) => line.split(/\s+/));
  const ipv6 = (textOf(files, '/proc/net/ipv6_route') ?? '')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return new Set([
    ...lines.filter(([, to]) => to === '00000000').map(([name]) => name!),
    ...ipv6.filter(([to, bits]) => /^0{32}$/.test(to ?? '') && bits === '00').map((fields) => fields.at(-1)!),
  ]);
}

function interfaceOf(files: SystemFiles, name: string): InterfaceFacts {
  const number = (path: string) => Number(textOf(files, `${NETWORK}/${name}/${path}`) ?? 0);
  const counted = (what: string) => number(`statistics/rx_${what}`) + number(`statistics/tx_${what}`);
  const speed = number('speed');
  return {
    name,
    // Virtual interfaces say -1, or refuse to be read.
    speedMbit: speed > 0 ? speed : null,
    mtuBytes: number('mtu'),
    packets: counted('packets'),
    errors: counted('errors'),
    dropped: counted('dropped'),
    carrierChanges: number('carrier_changes'),
  };
}

/** Bytes that an interface has sent since it came up. */
export function sentBytesOf(files: SystemFiles, name: string): number {
  return Number(textOf(files, `${NETWORK}/${name}/statistics/tx_bytes`) ?? 0);
}
