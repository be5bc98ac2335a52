/**
 * Option values: from text (flags, environment) or JSON (the config file), and back into text for help and errors.
 * A value that will not do is reported to the caller's `fail` with what would be right; the caller knows the place.
 */

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { parseNetwork } from '../guard/address.ts';
import { isHostPattern } from '../guard/host-list.ts';
import type { OptionSpec } from './option-spec.ts';

/** Called with what the value should be; throws. */
export type Fail = (expected: string) => never;

/** The units a time may be written in, largest first, in milliseconds. */
const TIME_UNITS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;

/** Milliseconds of a time such as `250ms`, `8s`, `1.5m`, `1h` or `7d`; null for anything else. `0` needs no unit. */
export function parseDuration(text: string): number | null {
  if (text === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  return match === null
    ? null
    : Math.round(Number(match[1]) * TIME_UNITS[match[2] as keyof typeof TIME_UNITS]);
}

/** A time in the largest unit that shows it whole: 90 000 is `90s`, 300 000 is `5m`. */
export function formatDuration(ms: number): string {
  for (const [unit, unitMs] of Object.entries(TIME_UNITS))
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  return `${ms}ms`;
}

/** The units a rate may be per, in seconds; shortest first. */
const RATE_UNITS = { s: 1, m: 60, h: 3_600 } as const;

/** Events per second of a rate such as `100/s`, `600/m` or `5000/h`; null for anything else. */
export function parseRate(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\/([smh])$/.exec(text);
  return match === null ? null : Number(match[1]) / RATE_UNITS[match[2] as keyof typeof RATE_UNITS];
}

/** Events per second in the shortest unit that shows them whole: 100 is `100/s`, 1.5 is `90/m`. */
export function formatRate(perSecond: number): string {
  for (const [unit, seconds] of Object.entries(RATE_UNITS)) {
    const count = Math.round(perSecond * seconds);
    // What was written as a whole number per hour is that number again, whatever binary fractions made of it.
    if (count > 0 && Math.abs(count / seconds - perSecond) < 1e-9 * perSecond) return `${count}/${unit}`;
  }
  return `${perSecond}/s`;
}

/** The units a bandwidth may be written in, largest first, in bytes per second; decimal, as tc(8) and makers of links have them. */
const BANDWIDTH_UNITS = {
  gbit: 125_000_000,
  mbit: 125_000,
  kbit: 125,
  gbyte: 1_000_000_000,
  mbyte: 1_000_000,
  kbyte: 1_000,
} as const;

/** Bytes per second of a bandwidth such as `8gbit`, `500mbit` or `100mbyte`; null for anything else. */
export function parseBandwidth(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([gmk](?:bit|byte))$/.exec(text);
  return match === null
    ? null
    : Math.round(Number(match[1]) * BANDWIDTH_UNITS[match[2] as keyof typeof BANDWIDTH_UNITS]);
}

/** Bytes per second in the largest unit, bits before bytes, that shows them whole: 1 000 000 000 is `8gbit`. */
export function formatBandwidth(bytesPerSecond: number): string {
  for (const [unit, unitBytes] of Object.entries(BANDWIDTH_UNITS))
    if (bytesPerSecond % unitBytes === 0) return `${bytesPerSecond / unitBytes}${unit}`;
  return `${bytesPerSecond / BANDWIDTH_UNITS.kbit}kbit`;
}

/** What is right for an option, as the end of the sentence "give …". */
export function expected(spec: OptionSpec): string {
  switch (spec.kind) {
    case 'boolean':
      return 'true or false';
    case 'string':
      return spec.prefixes === undefined
        ? `a ${spec.value ?? 'value'} that is not empty`
        : `a ${spec.value ?? 'value'} that begins with ${spec.prefixes.join(' or ')}`;
    case 'choice':
      return `one of ${spec.choices.join(', ')}`;
    case 'list':
      return spec.choices === undefined
        ? `each ${spec.value ?? 'value'} not empty`
        : `one or more of ${spec.choices.join(', ')}`;
    case 'networks':
      return 'networks as ADDRESS/BITS, for example 10.1.0.0/16';
    case 'hosts':
      return 'host names, *.SUFFIX or IP addresses, for example hooks.example.internal';
    case 'servers':
      return 'IP addresses, with a port where it is not the usual one, for example 10.0.0.53 or [fd00::53]:5353';
    case 'integer':
      return [`a whole number from ${spec.min} to ${spec.max} ${spec.unit}`, ...(spec.words ?? [])].join(
        ', or ',
      );
    case 'integers':
      return `a whole number from ${spec.min} to ${spec.max} ${spec.unit}`;
    case 'number':
      return `a number from ${spec.min} to ${spec.max} ${spec.unit}`;
    case 'numbers':
      return `${spec.count} numbers from ${spec.min} to ${spec.max} ${spec.unit}, separated by commas`;
    case 'duration':
      return `a time from ${formatDuration(spec.min)} to ${formatDuration(spec.max)}, written like 250ms, 8s, 5m or 1h`;
    case 'rate':
      return `a rate from ${formatRate(spec.min)} to ${formatRate(spec.max)}, written like 100/s, 600/m or 5000/h`;
    case 'bandwidth':
      return `a bandwidth from ${formatBandwidth(spec.min)} to ${formatBandwidth(spec.max)}, written like 8gbit, 500mbit or 100mbyte (a second)`;
    case 'durations':
      return `times from ${formatDuration(spec.min)} to ${formatDuration(spec.max)}, separated by commas, written like 250ms, 8s, 5m or 1h`;
  }
}

const MANY: ReadonlySet<OptionSpec['kind']> = new Set([
  'list',
  'networks',
  'hosts',
  'servers',
  'integers',
  'numbers',
  'durations',
]);

/** Whether an option takes several values. */
export function isMany(spec: OptionSpec): boolean {
  return MANY.has(spec.kind);
}

/**
 * The value of an option given as text: once, or several times where it is repeatable. The last one wins where it is
 * not. Several may also be separated by commas, but for free text, which may hold commas itself.
 */
export function valueFromText(spec: OptionSpec, texts: readonly string[], fail: Fail): unknown {
  if (!isMany(spec)) return element(spec, texts.at(-1)!, fail);
  if (spec.kind === 'list' && spec.choices === undefined) return elements(spec, texts, fail);
  const parts = texts.flatMap((text) => (text.trim() === '' ? [] : text.split(',')));
  return elements(
    spec,
    parts.map((part) => part.trim()),
    fail,
  );
}

/** The value of an option given in the config file: numbers and booleans as such, times and names as strings, several as an array. */
export function valueFromJson(spec: OptionSpec, json: unknown, fail: Fail): unknown {
  if (isWord(spec, json)) return json;
  const type = spec.kind === 'boolean' ? 'boolean' : isNumeric(spec) ? 'number' : 'string';
  if (!isMany(spec)) {
    if (typeof json !== type)
      fail(type === 'string' ? `${expected(spec)}, in double quotes` : expected(spec));
    return element(spec, String(json), fail);
  }
  if (!Array.isArray(json) || json.some((item) => typeof item !== type))
    fail(`an array of ${type}s: ${expected(spec)}`);
  return elements(spec, (json as unknown[]).map(String), fail);
}

/** Whether a value is one of the words that stand for a number. */
export function isWord(spec: OptionSpec, value: unknown): boolean {
  return spec.kind === 'integer' && spec.words?.includes(value as string) === true;
}

function isNumeric({ kind }: OptionSpec): boolean {
  return kind.startsWith('integer') || kind.startsWith('number');
}

function elements(spec: OptionSpec, texts: readonly string[], fail: Fail): unknown[] {
  const values = texts.map((text) => element(spec, text, fail));
  // A list of choices switches features on; an empty one (no signature at all) is never meant.
  if (values.length === 0 && spec.kind === 'list' && spec.choices !== undefined) fail(expected(spec));
  if (spec.kind === 'numbers' && values.length !== spec.count) fail(expected(spec));
  return values;
}

/** One value, or one of several. */
function element(spec: OptionSpec, text: string, fail: Fail): unknown {
  const value = elementOrNull(spec, text);
  return value === null ? fail(expected(spec)) : value;
}

function elementOrNull(spec: OptionSpec, text: string): unknown {
  switch (spec.kind) {
    case 'boolean':
      if (text === 'true' || text === '1') return true;
      return text === 'false' || text === '0' ? false : null;
    case 'string':
      if (spec.prefixes?.some((prefix) => text.startsWith(prefix)) === false) return null;
      return text.trim() === '' ? null : text;
    case 'choice':
    case 'list':
      return text !== '' && (spec.choices?.includes(text) ?? true) ? text : null;
    case 'networks':
      return parseNetwork(text) === null ? null : text;
    case 'hosts':
      return isHostPattern(text) ? text : null;
    case 'servers':
      return isServer(text) ? text : null;
    case 'integer':
    case 'integers':
      if (isWord(spec, text)) return text;
      return inRange(spec, /^-?\d+$/.test(text) ? Number(text) : null);
    case 'number':
    case 'numbers':
      return inRange(spec, /^\d+(\.\d+)?$/.test(text) ? Number(text) : null);
    case 'duration':
    case 'durations':
      return inRange(spec, parseDuration(text));
    case 'rate':
      return inRange(spec, parseRate(text));
    case 'bandwidth':
      return inRange(spec, parseBandwidth(text));
  }
}

function inRange(range: { readonly min: number; readonly max: number }, value: number | null): number | null {
  return value !== null && value >= range.min && value <= range.max ? value : null;
}

/** An address and its port; an IPv6 address stands in brackets (RFC 3986). */
const SERVER = /^(?:([\d.]+)|\[([^\]]+)\])(?::(\d{1,5}))?$/;

/** True for an IP address, alone or with a port: `10.0.0.53`, `10.0.0.53:5353`, `fd00::53`, `[fd00::53]:5353`. */
export function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, address, bracketed, port = '53'] = SERVER.exec(text) ?? [];
  return (isIPv4(address ?? '') || isIPv6(bracketed ?? '')) && Number(port) >= 1 && Number(port) <= 65_535;
}

/** A value as one would write it after the flag; an empty string for null and for no values. */
export function formatValue(spec: OptionSpec, value: unknown): string {
  if (value === null) return '';
  if (Array.isArray(value)) return value.map((item) => formatElement(spec, item)).join(',');
  return formatElement(spec, value);
}

function formatElement(spec: OptionSpec, value: unknown): string {
  switch (spec.kind) {
    case 'duration':
    case 'durations':
      return formatDuration(value as number);
    case 'rate':
      return formatRate(value as number);
    case 'bandwidth':
      return formatBandwidth(value as number);
    default:
      return String(value);
  }
}
