/** The value of every option: from its flag, else the environment, else the config file, else the default. */
import { type ErrorCode, VolleyError } from '../errors.ts';
import type { Environment } from '../runtime/environment.ts';
import { shown } from '../runtime/shown.ts';
import type { GivenArguments } from './arguments.ts';
import { type Conflict, findConflict, isBurstAlone } from './conflicts.ts';
import { DESTINATIONS_KEY } from './destination-settings.ts';
import { failure } from './failure.ts';
import { type FileObject, readConfigFile } from './file.ts';
import { didYouMean } from './nearest.ts';
import {
  defaultsOf,
  environmentName,
  type OptionScope,
  type OptionSpec,
  type OptionTable,
  type ValuesOf,
} from './option-spec.ts';
import { OPTIONS, type OptionName, type OptionValues } from './options.ts';
import { formatValue, valueFromJson, valueFromText } from './values.ts';

/** The options of the table that a command of this scope takes. */
export function optionsOf(scope: OptionScope): OptionTable {
  return Object.fromEntries(Object.entries(OPTIONS).filter(([, spec]) => spec.scopes.includes(scope)));
}

/** A value that was given, and where. */
interface Found {
  readonly code: ErrorCode;
  readonly value: unknown;
  /** What the option is called there. */
  readonly name: string;
  /** `FILE:LINE:COLUMN`, in a file. */
  readonly place?: string;
}

/**
 * The options of a scope with their values; those of other scopes have their defaults.
 * Throws VOLLEY_USAGE (exit 64) for a bad flag, VOLLEY_CONFIG (exit 78) for a bad environment variable or file entry.
 * Unknown `VOLLEY_…` variables are let be: Kubernetes sets such names for a service called volley.
 */
export function resolveOptions(given: GivenArguments, env: Environment, scope: OptionScope): OptionValues {
  const path = (fromFlag(OPTIONS.config, given) ?? fromEnvironment(OPTIONS.config, env))?.value;
  const entries: FileObject = path === undefined ? new Map() : entriesByFlag(path as string);
  const found = new Map<string, Found>();
  for (const [name, spec] of Object.entries(optionsOf(scope))) {
    const value = fromFlag(spec, given) ?? fromEnvironment(spec, env) ?? fromFile(spec, entries);
    if (value !== null) found.set(name, value);
  }
  const values: OptionValues = {
    ...defaultsOf(OPTIONS),
    ...Object.fromEntries([...found].map(([name, { value }]) => [name, value])),
  };
  if (scope === 'worker') checkTogether(values, found);
  return values;
}

/**
 * The flags that belong to one command alone: given on the command line, or in the file that the flag `fileFlag` names
 * where there is one, or at their defaults. Throws VOLLEY_USAGE, and for what is in the file VOLLEY_CONFIG.
 */
export function resolveFlags<Table extends OptionTable>(
  table: Table,
  given: GivenArguments,
  fileFlag?: string,
): ValuesOf<Table> {
  const path = fileFlag === undefined ? undefined : given.texts.get(fileFlag)?.at(-1);
  const entries: FileObject = path === undefined ? new Map() : flagEntries(path, table, fileFlag!);
  const values: Record<string, unknown> = { ...defaultsOf(table) };
  for (const [name, spec] of Object.entries(table)) {
    const found = fromFlag(spec, given) ?? fromFile(spec, entries);
    if (found !== null) values[name] = found.value;
  }
  return values as ValuesOf<Table>;
}

/** The entries of a file of flags. Throws VOLLEY_CONFIG for a key that is none of the table's. */
function flagEntries(path: string, table: OptionTable, fileFlag: string): FileObject {
  const flags = Object.values(table)
    .map(({ flag }) => flag)
    .filter((flag) => flag !== fileFlag);
  const entries = readConfigFile(path, fileFlag);
  refuseUnknown(entries, flags, flags);
  return entries;
}

function fromFlag(spec: OptionSpec, given: GivenArguments): Found | null {
  const texts = given.texts.get(spec.flag);
  if (texts === undefined) return null;
  const name = `--${spec.flag}`;
  const fail = failure('VOLLEY_USAGE', name, texts.join(','));
  return { code: 'VOLLEY_USAGE', value: valueFromText(spec, texts, fail), name };
}

function fromEnvironment(spec: OptionSpec, env: Environment): Found | null {
  const name = environmentName(spec);
  const text = env[name];
  if (text === undefined) return null;
  const fail = failure('VOLLEY_CONFIG', `${name} in the environment`, text);
  return { code: 'VOLLEY_CONFIG', value: valueFromText(spec, [text], fail), name };
}

function fromFile(spec: OptionSpec, entries: FileObject): Found | null {
  const entry = entries.get(spec.flag);
  if (entry === undefined) return null;
  const { place } = entry;
  const name = `"${entry.key}"`;
  const fail = failure('VOLLEY_CONFIG', `${place}: ${name}`, entry.value);
  return { code: 'VOLLEY_CONFIG', value: valueFromJson(spec, entry.value, fail), name, place };
}

/** The file's entries by flag. Throws VOLLEY_CONFIG for a key that is no option. */
function entriesByFlag(path: string): FileObject {
  const flags = Object.values(OPTIONS)
    .map(({ flag }) => flag as string)
    .filter((flag) => flag !== OPTIONS.config.flag);
  // What is in it is the worker's to read: other commands share the file.
  const known = [...flags, DESTINATIONS_KEY];
  const entries = readConfigFile(path);
  refuseUnknown(entries, known, flags);
  return entries;
}

/** Throws VOLLEY_CONFIG for the first key that is not known; `flags` are those a message lists. */
function refuseUnknown(entries: FileObject, known: readonly string[], flags: readonly string[]): void {
  for (const { key, place } of entries.values()) {
    if (known.includes(key)) continue;
    const hint = didYouMean(key, known) || `: the options are ${flags.join(', ')}`;
    throw new VolleyError('VOLLEY_CONFIG', `${place}: ${shown(key)} is not an option${hint}`);
  }
}

/** Throws where options are each in range and do not go together. */
function checkTogether(values: OptionValues, found: ReadonlyMap<string, Found>): void {
  const conflict = findConflict(values, (name) => nameOf(name, found));
  if (conflict !== null) throw conflictError(conflict, values, found);
  if (!isBurstAlone(values)) return;
  const burst = found.get('rateBurst')!;
  throw new VolleyError(
    burst.code,
    `${placeOf([burst])}${burst.name} ${values.rateBurst} is there without ${nameOf('ratePerSecond', found)}: give both, or neither`,
  );
}

/** A usage error when a flag takes part in the conflict: then the command line is what has to change. */
function conflictError(
  conflict: Conflict,
  values: OptionValues,
  found: ReadonlyMap<string, Found>,
): VolleyError {
  const given = conflict.between.flatMap((name) => found.get(name) ?? []);
  const usage = given.some(({ code }) => code === 'VOLLEY_USAGE');
  const settings = conflict.between.map((name: OptionName) => {
    const shown = `${nameOf(name, found)} ${formatValue(OPTIONS[name], values[name])}`;
    return found.has(name) ? shown : `${shown} (the default)`;
  });
  return new VolleyError(
    usage ? 'VOLLEY_USAGE' : 'VOLLEY_CONFIG',
    `${placeOf(given)}${settings[0]} must be ${conflict.relation} ${settings[1]}: ${conflict.fix}`,
  );
}

/** What an option is called where it was given; else its flag. */
function nameOf(name: OptionName, found: ReadonlyMap<string, Found>): string {
  return found.get(name)?.name ?? `--${OPTIONS[name].flag}`;
}

/** The place in the file of the first of these that is from there, as the beginning of a message. */
function placeOf(given: readonly Found[]): string {
  const place = given.find((each) => each.place !== undefined)?.place;
  return place === undefined ? '' : `${place}: `;
}
