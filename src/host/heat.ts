/** Temperatures, and what processors do about them, as /sys tells of them. */
import type { Reading } from './reading.ts';
import { type SystemFiles, textOf } from './system-files.ts';

const THERMAL = '/sys/class/thermal';
const PROCESSORS = '/sys/devices/system/cpu';
/** What helps against heat. */
export const COOLING_ADVICE = 'better the cooling, or spread the load over more hosts';

export interface HeatFacts {
  readonly zones: readonly {
    readonly name: string;
    readonly celsius: number;
    readonly limitCelsius: number | null;
  }[];
  /** Times that a core was slowed down for heat since the start; null where that is not counted. */
  readonly throttled: number | null;
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
export function throttles(files: SystemFiles): number | null {
  const listed = files.list(PROCESSORS);
  const cores = 'unread' in listed ? [] : listed.value.filter((name) => /^cpu\d+$/.test(name));
  const counts = cores.flatMap((core) => {
    const text = textOf(files, `${PROCESSORS}/${core}/thermal_throttle/core_throttle_count`);
    return text === null ? [] : [Number(text)];
  });
  return counts.length === 0 ? null : counts.reduce((all, count) => all + count, 0);
}
