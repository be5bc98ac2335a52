/** Amounts of a plan as people read them. */
import type { Unit } from '../capacity/resources.ts';
import { figureText } from '../report/figure-text.ts';

/** `2.13 cores`, `1.5 GiB`, `757 Mb/s`. */
export function amountText(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return bytesText(value);
    case 'bytes/s':
      return scaled(value, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s']);
    case 'bit/s':
      return scaled(value, 1000, ['b/s', 'kb/s', 'Mb/s', 'Gb/s']);
    case 'packets/s':
      return `${countText(value)} ${unit}`;
    case 'cores':
    case 'slots':
    case 'ports':
    case 'files':
      return `${countText(value)} ${value === 1 ? unit.slice(0, -1) : unit}`;
    default:
      return unit satisfies never;
  }
}

export function bytesText(bytes: number): string {
  return scaled(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB']);
}

/** Whole from a hundred on; below with as many digits as say something. */
export function countText(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : figureText(Number(value.toPrecision(3)));
}

export function percentText(share: number): string {
  return `${countText(share * 100)} %`;
}

/** `45 s`, `12.5 min`, `3.2 h`. */
export function durationText(seconds: number): string {
  if (seconds < 120) return `${countText(seconds)} s`;
  return seconds < 7_200 ? `${countText(seconds / 60)} min` : `${countText(seconds / 3_600)} h`;
}

function scaled(value: number, step: number, units: readonly string[]): string {
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(value) / Math.log(step)));
  return `${figureText(Number((value / step ** power).toPrecision(3)))} ${units[power]}`;
}
