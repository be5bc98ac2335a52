/** What the config file says of one destination, for commands that only look: what a worker would refuse is not theirs to judge. */
import { DESTINATION_SETTINGS, DESTINATIONS_KEY } from './destination-settings.ts';
import { failure } from './failure.ts';
import { type FileObject, readConfigFile } from './file.ts';
import { OPTIONS } from './options.ts';
import { valueFromJson } from './values.ts';

export interface ConfiguredDestination {
  /** Whether it has settings of its own. */
  readonly isListed: boolean;
  /** Its own rate limit, or else that of all; null where the file sets none. */
  readonly rate: ConfiguredRate | null;
}

export interface ConfiguredRate {
  readonly perSecond: number;
  /** `FILE:LINE:COLUMN` of its key. */
  readonly place: string;
}

/** What is said of the destination of a name. Throws VOLLEY_CONFIG for a rate that cannot be read. */
export type Configured = (destination: string) => ConfiguredDestination;

/** Reads the file once; `path` is null where there is none. Throws VOLLEY_CONFIG for a file that cannot be read. */
export function configuredDestinations(path: string | null): Configured {
  const file = path === null ? null : readConfigFile(path);
  const destinations = objectIn(file, DESTINATIONS_KEY);
  return (destination) => {
    const own = objectIn(destinations, destination);
    const ownRate = rateIn(own, DESTINATION_SETTINGS.ratePerSecond.key);
    return { isListed: own !== null, rate: ownRate ?? rateIn(file, OPTIONS.ratePerSecond.flag) };
  };
}

function objectIn(object: FileObject | null, key: string): FileObject | null {
  const value = object?.get(key)?.value;
  return value instanceof Map ? value : null;
}

function rateIn(object: FileObject | null, key: string): ConfiguredRate | null {
  const entry = object?.get(key);
  if (entry === undefined) return null;
  const { value, place } = entry;
  const fail = failure('VOLLEY_CONFIG', `${place}: "${key}"`, value);
  return { perSecond: valueFromJson(OPTIONS.ratePerSecond, value, fail) as number, place };
}
