/** Errors on a value that was given: what they repeat of it fits in one line and holds no password. */
import { type ErrorCode, VolleyError } from '../errors.ts';
import type { Fail } from './values.ts';

/** Longest value repeated in an error, in characters: enough to recognise it, and still one line. */
const MAX_SHOWN_CHARS = 80;

/** A `Fail` that throws an error on the value given at a place, for example `--lease is "30": give a time …`. */
export function failure(code: ErrorCode, place: string, given: unknown): Fail {
  return (expected) => {
    throw new VolleyError(code, `${place} is ${shown(given)}: give ${expected}`);
  };
}

/** A `Fail` for what may hold a secret: the value is not repeated. */
export function discreetFailure(code: ErrorCode, place: string): Fail {
  return (expected) => {
    throw new VolleyError(code, `${place} will not do: give ${expected}`);
  };
}

/** A value as an error shows it: JSON, shortened, without credentials in URLs; of an object only that it is one. */
export function shown(value: unknown): string {
  if (value instanceof Map) return '{…}';
  const text = JSON.stringify(value, (_key, part) => {
    if (part instanceof Map) return '{…}';
    return typeof part === 'string' ? withoutCredentials(part) : part;
  });
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

/** Everything up to the last @: a password may hold an @ or a / that should have been encoded. */
function withoutCredentials(text: string): string {
  const from = text.indexOf('//');
  const to = text.lastIndexOf('@');
  return from === -1 || to < from ? text : `${text.slice(0, from + 2)}…${text.slice(to)}`;
}
