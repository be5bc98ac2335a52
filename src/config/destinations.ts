/** The "destinations" of the config file: what is particular to one destination, by its id or its URL's origin. */
import { dirname } from 'node:path';
import { nameWarning, originMeant } from '../delivery/destination-name.ts';
import { destinationFault } from '../delivery/fields.ts';
import { VolleyError } from '../errors.ts';
import { shown } from '../runtime/shown.ts';
import { type Deadlines, findConflict, isBurstAlone, type Pace } from './conflicts.ts';
import {
  DESTINATION_SETTINGS,
  DESTINATIONS_KEY,
  type DestinationSettings,
  type SettingName,
  type SettingSpec,
} from './destination-settings.ts';
import { failure } from './failure.ts';
import { type FileEntry, type FileObject, readConfigFile } from './file.ts';
import { NamedFiles } from './named-files.ts';
import { didYouMean } from './nearest.ts';
import { OPTIONS } from './options.ts';
import { readSetting } from './setting-value.ts';
import { formatDuration } from './values.ts';

export interface Destinations {
  /** By destination id or URL origin: by what a delivery's lane is called. */
  readonly settings: ReadonlyMap<string, DestinationSettings>;
  /** What is no mistake and may become one, such as an expired certificate; a line each. */
  readonly warnings: readonly string[];
}

/** What holds for every destination that does not say otherwise. */
const NOT_SET = Object.fromEntries(
  Object.keys(DESTINATION_SETTINGS).map((name) => [name, name === 'disabled' ? false : null]),
) as unknown as DestinationSettings;

const BY_KEY = new Map(
  Object.entries(DESTINATION_SETTINGS as Record<SettingName, SettingSpec>).map(([name, spec]) => [
    spec.key,
    { name: name as SettingName, spec },
  ]),
);

/**
 * The destinations of a config file, and of the files that it names; none when the file has none. `worker` is what the
 * worker's options say, `nowMs` (epoch) is for the validity of certificates. Throws VOLLEY_CONFIG naming line and column
 * of the first mistake. Reading 100 000 takes one to three seconds, in which nothing else runs.
 */
export function readDestinations(path: string, worker: Deadlines & Pace, nowMs: number): Destinations {
  const files = new NamedFiles(dirname(path), nowMs);
  const settings = new Map<string, DestinationSettings>();
  const warnings: string[] = [];
  const destinations = readConfigFile(path).get(DESTINATIONS_KEY);
  if (destinations !== undefined)
    for (const entry of objectOf(destinations, 'an object by destination id or URL origin').values()) {
      const fault = keyFault(entry.key);
      if (fault !== null) throw new VolleyError('VOLLEY_CONFIG', `${entry.place}: ${fault}`);
      const warning = nameWarning(entry.key);
      if (warning !== null) warnings.push(`${entry.place}: ${warning}`);
      settings.set(entry.key, settingsOf(entry, worker, files));
    }
  return { settings, warnings: [...warnings, ...files.warnings] };
}

function objectOf(entry: FileEntry, expected: string): FileObject {
  if (entry.value instanceof Map) return entry.value;
  return failure('VOLLEY_CONFIG', `${entry.place}: ${shown(entry.key)}`, entry.value)(expected);
}

function keyFault(key: string): string | null {
  const origin = originMeant(key);
  if (origin !== null) return `${shown(key)} is no URL origin: write "${origin}"`;
  const fault = destinationFault(key);
  return fault === null ? null : `${shown(key)} is no destination: ${fault}`;
}

function settingsOf(
  destination: FileEntry,
  worker: Deadlines & Pace,
  files: NamedFiles,
): DestinationSettings {
  const entries = objectOf(destination, 'an object of settings');
  const settings: Record<string, unknown> = { ...NOT_SET, place: destination.place };
  for (const entry of entries.values()) {
    const known = BY_KEY.get(entry.key);
    if (known === undefined) throw unknownSetting(entry);
    settings[known.name] = readSetting(known.spec, entry, files);
  }
  const made = settings as unknown as DestinationSettings;
  checkPair(entries, files);
  checkDeadlines(made, worker, destination, entries);
  checkPace(made, worker, entries);
  return made;
}

function unknownSetting({ key, place }: FileEntry): VolleyError {
  const hint = didYouMean(key, BY_KEY.keys()) || `: the settings are ${[...BY_KEY.keys()].join(', ')}`;
  return new VolleyError('VOLLEY_CONFIG', `${place}: ${shown(key)} is not a setting of a destination${hint}`);
}

function checkPair(entries: FileObject, files: NamedFiles): void {
  const { clientCertificate, clientKey } = DESTINATION_SETTINGS;
  const [certificate, key] = [entries.get(clientCertificate.key), entries.get(clientKey.key)];
  if (certificate !== undefined && key !== undefined) {
    files.checkPair(certificate, key);
    return;
  }
  const alone = certificate ?? key;
  if (alone === undefined) return;
  const missing = certificate === undefined ? clientCertificate.key : clientKey.key;
  throw new VolleyError(
    'VOLLEY_CONFIG',
    `${alone.place}: "${alone.key}" is there without "${missing}": give both, or neither`,
  );
}

/**
 * The rules for the worker's own deadlines, on what holds for this destination. A worker's time-out that is longer than
 * the destination's total is no conflict: the total ends it.
 */
function checkDeadlines(
  settings: DestinationSettings,
  worker: Deadlines,
  destination: FileEntry,
  entries: FileObject,
): void {
  const totalTimeoutMs = settings.totalTimeoutMs ?? worker.totalTimeoutMs;
  const deadlines: Deadlines = {
    connectTimeoutMs: settings.connectTimeoutMs ?? Math.min(worker.connectTimeoutMs, totalTimeoutMs),
    readTimeoutMs: settings.readTimeoutMs ?? Math.min(worker.readTimeoutMs, totalTimeoutMs),
    totalTimeoutMs,
    leaseMs: worker.leaseMs,
  };
  const conflict = findConflict(deadlines, (name) =>
    name in DESTINATION_SETTINGS ? `"${OPTIONS[name].flag}"` : `--${OPTIONS[name].flag}`,
  );
  if (conflict === null) return;
  const [one, other] = conflict.between.map((name) => {
    const { flag } = OPTIONS[name];
    const entry = entries.get(flag);
    const time = formatDuration(deadlines[name]);
    return { entry, text: entry === undefined ? `--${flag} ${time}` : `"${flag}" ${time}` };
  });
  const { place } = one!.entry ?? other!.entry ?? destination;
  throw new VolleyError(
    'VOLLEY_CONFIG',
    `${place}: ${one!.text} must be ${conflict.relation} ${other!.text}: ${conflict.fix}`,
  );
}

/** A burst here is that of the rate limit here, or else of the worker's. */
function checkPace(settings: DestinationSettings, worker: Pace, entries: FileObject): void {
  const { rateBurst, ratePerSecond: own } = settings;
  if (!isBurstAlone({ rateBurst, ratePerSecond: own ?? worker.ratePerSecond })) return;
  const { place, key } = entries.get(OPTIONS.rateBurst.flag)!;
  const { flag } = OPTIONS.ratePerSecond;
  throw new VolleyError(
    'VOLLEY_CONFIG',
    `${place}: "${key}" is there without "${flag}": give both, or neither`,
  );
}
