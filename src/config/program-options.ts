/** The options that a program gives in code: the same table, without the reading of text. */
import { VolleyError } from '../errors.ts';
import { parseNetwork } from '../guard/address.ts';
import { isHostPattern } from '../guard/host-list.ts';
import { findConflict, isBurstAlone } from './conflicts.ts';
import type { OptionSpec } from './option-spec.ts';
import { defaultOptions, OPTIONS, type OptionName, type OptionValues } from './options.ts';
import { expected, isServer, isWord } from './values.ts';

/** The given options with the defaults of the others. Throws VOLLEY_CONFIG naming the option and what is right. */
export function programOptions(given: Partial<OptionValues>): OptionValues {
  for (const [name, value] of Object.entries(given)) {
    const spec: OptionSpec | undefined = OPTIONS[name as OptionName];
    if (spec === undefined) throw new VolleyError('VOLLEY_CONFIG', `${name} is not an option of Volley`);
    if (value !== undefined && !isInRange(spec, value))
      throw new VolleyError('VOLLEY_CONFIG', `${name} is ${JSON.stringify(value)}: give ${expected(spec)}`);
  }
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const values: OptionValues = { ...defaultOptions(), ...defined };
  const conflict = findConflict(values);
  if (conflict !== null) {
    const [one, other] = conflict.between;
    throw new VolleyError(
      'VOLLEY_CONFIG',
      `${one} (${values[one]} ms) must be ${conflict.relation} ${other} (${values[other]} ms): ${conflict.fix}`,
    );
  }
  if (isBurstAlone(values))
    throw new VolleyError(
      'VOLLEY_CONFIG',
      `rateBurst (${values.rateBurst}) is there without ratePerSecond: give both, or neither`,
    );
  return values;
}

function isInRange(spec: OptionSpec, value: unknown): boolean {
  switch (spec.kind) {
    case 'integer':
      if (isWord(spec, value)) return true;
      return (value === null && spec.default === null) || isBetween(value, spec.min, spec.max);
    case 'number':
    case 'duration':
    case 'rate':
    case 'bandwidth':
      return (value === null && spec.default === null) || isBetween(value, spec.min, spec.max);
    case 'integers':
    case 'durations':
      return Array.isArray(value) && value.every((each) => isBetween(each, spec.min, spec.max));
    case 'numbers':
      return (
        Array.isArray(value) &&
        value.length === spec.count &&
        value.every((each) => isBetween(each, spec.min, spec.max))
      );
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return (
        Array.isArray(value) &&
        value.every((each) => spec.choices?.includes(each) ?? typeof each === 'string')
      );
    case 'choice':
      return (value === null && spec.default === null) || spec.choices.includes(value as string);
    case 'networks':
      return areTexts(value) && value.every((each) => parseNetwork(each) !== null);
    case 'hosts':
      return areTexts(value) && value.every(isHostPattern);
    case 'servers':
      return Array.isArray(value) && value.every(isServer);
    case 'string':
      return typeof value === 'string' || (value === null && spec.default === null);
    default:
      return spec satisfies never;
  }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function isBetween(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
}
