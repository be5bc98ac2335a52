/** A thing of this machine that was to be read. */
import { errorCode } from '../errors.ts';

/** What was read, or why it was not: nothing that could not be read is ever taken to be well. */
export type Reading<Value> = { readonly value: Value } | Unread;

export interface Unread {
  /** One line: what could not be read, and the code of the error. */
  readonly unread: string;
  /** The error's code (`ENOENT`, `EACCES`, …). */
  readonly code: string;
}

/** The reading put through a function; what was not read stays so. */
export function mapped<From, To>(reading: Reading<From>, map: (value: From) => To): Reading<To> {
  return 'unread' in reading ? reading : { value: map(reading.value) };
}

/** The reading put through a function that may itself fail to read. */
export function chained<From, To>(reading: Reading<From>, map: (value: From) => Reading<To>): Reading<To> {
  return 'unread' in reading ? reading : map(reading.value);
}

/** A reading of a reading as one. */
export function flattened<Value>(reading: Reading<Reading<Value>>): Reading<Value> {
  return chained(reading, (inner) => inner);
}

/** Both readings as one, unread where either is. */
export function both<One, Other>(one: Reading<One>, other: Reading<Other>): Reading<readonly [One, Other]> {
  return chained(one, (first) => mapped(other, (second) => [first, second] as const));
}

/** What a promise resolves with, or why it rejected. */
export async function awaited<Value>(read: () => Promise<Value>): Promise<Reading<Value>> {
  try {
    return { value: await read() };
  } catch (error) {
    return { unread: error instanceof Error ? error.message : String(error), code: errorCode(error) };
  }
}
