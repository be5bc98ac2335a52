/** Errors on a value that was given. */
import { type ErrorCode, VolleyError } from '../errors.ts';
import { shown } from '../runtime/shown.ts';
import type { Fail } from './values.ts';

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
