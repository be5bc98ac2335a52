/** The value of one setting of a destination, checked by its kind. */
import { isIP } from 'node:net';
import { destinationFault, headersFault } from '../delivery/fields.ts';
import { VolleyError } from '../errors.ts';
import type { SettingSpec } from './destination-settings.ts';
import { discreetFailure, failure } from './failure.ts';
import type { FileEntry } from './file.ts';
import type { NamedFiles } from './named-files.ts';
import { EXPECTED_PROXY, parseProxy } from './proxy.ts';
import { valueFromJson } from './values.ts';

/** The value an entry gives a setting. Throws VOLLEY_CONFIG naming the place and what would be right. */
export function readSetting(spec: SettingSpec, entry: FileEntry, files: NamedFiles): unknown {
  const { value } = entry;
  const place = `${entry.place}: "${entry.key}"`;
  const fail = failure('VOLLEY_CONFIG', place, value);
  const failDiscreetly = discreetFailure('VOLLEY_CONFIG', place);
  switch (spec.kind) {
    case 'option':
      return valueFromJson(spec.option, value, fail);
    case 'file':
      return files.read(entry, spec.holds);
    case 'secret-name':
      return isSecretName(value) ? value : failDiscreetly('the name of a secret, never the secret itself');
    case 'headers':
      return headersOf(entry);
    case 'proxy':
      return (typeof value === 'string' && parseProxy(value)) || failDiscreetly(EXPECTED_PROXY);
    case 'address':
      if (typeof value === 'string' && isIP(value) !== 0) return value;
      return fail('an IP address of this machine, in double quotes, for example "203.0.113.7"');
    default:
      return spec satisfies never;
  }
}

/** Secrets go by names like those of destinations; what begins with `whsec_` is a secret (Standard Webhooks). */
function isSecretName(value: unknown): boolean {
  return destinationFault(value) === null && !(value as string).startsWith('whsec_');
}

/** Names and values by turns, by the rules for an event's headers. Values may be credentials: no message repeats one. */
function headersOf({ key, value, place }: FileEntry): string[] {
  if (!(value instanceof Map))
    return discreetFailure('VOLLEY_CONFIG', `${place}: "${key}"`)('an object of names and their values');
  const headers: string[] = [];
  const names = new Set<string>();
  for (const { key: name, value: text, place } of value.values()) {
    const fault = headersFault(Object.fromEntries([[name, text]]));
    const twice = names.has(name.toLowerCase()) ? `"headers": ${name} is there twice: keep one` : null;
    if ((fault ?? twice) !== null) throw new VolleyError('VOLLEY_CONFIG', `${place}: ${fault ?? twice}`);
    names.add(name.toLowerCase());
    headers.push(name, text as string);
  }
  const fault = headersFault(Object.fromEntries([...value.values()].map(({ key, value }) => [key, value])));
  if (fault !== null) throw new VolleyError('VOLLEY_CONFIG', `${place}: ${fault}`);
  return headers;
}
