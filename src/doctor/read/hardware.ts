/** Interfaces, heat and quotas, as /sys and the control group tell them. */
import { join } from 'node:path';
import { mapped, type Reading } from '../../host/reading.ts';
import type { SystemFiles } from '../../host/system-files.ts';
import type { HeatFacts, InterfaceFacts, MachineFacts } from '../facts.ts';

const NETWORK = '/sys/class/net';
const THERMAL = '/sys/class/thermal';
const PROCESSORS = '/sys/devices/system/cpu';

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

/** Thermal zones with the lowest temperature at which each slows something down, and how often that happened. */
export function readHeat(files: SystemFiles): Reading<HeatFacts> {
  const listed = files.list(THERMAL);
  // A machine without sensors has no such folder; one that cannot be looked into is another thing.
  if ('unread' in listed && listed.code !== 'ENOENT') return listed;
  const names = 'unread' in listed ? [] : listed.value.filter((name) => name.startsWith('thermal_zone'));
  return { value: { zones: names.flatMap((name) => zoneOf(files, name)), throttled: throttles(files) } };
}

function zoneOf(files: SystemFiles, name: string): HeatFacts['zones'] {
  const text = (file: string) => textOf(files, `${THERMAL}/${name}/${file}`);
  const celsius = Number(text('temp') ?? Number.NaN) / 1_000;
  if (!Number.isFinite(celsius)) return [];
  const limits: number[] = [];
  for (let i = 0; text(`trip_point_${i}_type`) !== null; i++) {
    const limitCelsius = Number(text(`trip_point_${i}_temp`) ?? 0) / 1_000;
    if (/^(?:passive|hot|critical)$/.test(text(`trip_point_${i}_type`)!) && limitCelsius > 0)
      limits.push(limitCelsius);
  }
  return [
    { name: text('type') ?? name, celsius, limitCelsius: limits.length > 0 ? Math.min(...limits) : null },
  ];
}

/** How often cores were slowed down for heat, all together; null where that is not counted (ARM, virtual machines). */
function throttles(files: SystemFiles): number | null {
  const listed = files.list(PROCESSORS);
  const cores = 'unread' in listed ? [] : listed.value.filter((name) => /^cpu\d+$/.test(name));
  const counts = cores.flatMap((core) => {
    const text = textOf(files, `${PROCESSORS}/${core}/thermal_throttle/core_throttle_count`);
    return text === null ? [] : [Number(text)];
  });
  return counts.length === 0 ? null : counts.reduce((all, count) => all + count, 0);
}

/** Share of its periods in which this process's control group ran into its processor quota; null without one. */
export function readQuotaShare(files: SystemFiles): number | null {
  const stat = groupText(files, 'cpu.stat') ?? '';
  const field = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0);
  const periods = field('nr_periods');
  return periods === 0 ? null : field('nr_throttled') / periods;
}

/** The memory of this machine, or of this process's control group where that is allowed less, as in a container. */
export function readMemory(files: SystemFiles): MachineFacts['memory'] {
  return mapped(files.read('/proc/meminfo'), (text) => {
    const [totalBytes, availableBytes] = [kibOf(text, 'MemTotal'), kibOf(text, 'MemAvailable')];
    // "max" where there is no limit.
    const limitBytes = Number(groupText(files, 'memory.max') ?? 'max');
    if (!(limitBytes < totalBytes)) return { totalBytes, availableBytes };
    const leftBytes = limitBytes - Number(groupText(files, 'memory.current') ?? 0);
    return { totalBytes: limitBytes, availableBytes: Math.max(0, Math.min(availableBytes, leftBytes)) };
  });
}

/** The number of a line `NAME: N kB`, in bytes. */
export function kibOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) * 1_024;
}

/** A file of the control group that this process is in (cgroups(7), version 2); null where there is none. */
function groupText(files: SystemFiles, file: string): string | null {
  const path = /^0::(\/.*)$/m.exec(textOf(files, '/proc/self/cgroup') ?? '')?.[1] ?? '/';
  return textOf(files, join('/sys/fs/cgroup', path, file));
}

/** The text of a file; null where it cannot be read. */
function textOf(files: SystemFiles, path: string): string | null {
  const reading = files.read(path);
  return 'unread' in reading ? null : reading.value;
}
