/** The config file: one JSON object whose keys are flags without their dashes. Every entry knows its line and column. */
import { readFileSync } from 'node:fs';
import { INVALID, scanString, scanValue, skipSpace } from '../delivery/json-scan.ts';
import { errorCode, VolleyError } from '../errors.ts';

export interface FileEntry {
  readonly key: string;
  readonly value: unknown;
  /** `FILE:LINE:COLUMN` of the key, both counted from 1. */
  readonly place: string;
}

/** The entries of a config file. Throws VOLLEY_CONFIG naming the file, and the line and column of a mistake. */
export function readConfigFile(path: string): FileEntry[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new VolleyError(
      'VOLLEY_CONFIG',
      `the config file ${path} cannot be read (${errorCode(error)}): correct --config, or the file's permissions`,
      { cause: error },
    );
  }
  return parseConfig(bytes, path);
}

/** The entries of a config file's text; `path` is for the places and messages. Throws VOLLEY_CONFIG. */
export function parseConfig(bytes: Buffer, path: string): FileEntry[] {
  const end = bytes.length;
  const placeOf = (offset: number) => {
    const lines = bytes.toString('utf8', 0, offset).split('\n');
    return `${path}:${lines.length}:${lines.at(-1)!.length + 1}`;
  };
  const mistake = (offset: number, what: string): never => {
    throw new VolleyError('VOLLEY_CONFIG', `${placeOf(offset)}: ${what}`);
  };
  const entries: FileEntry[] = [];
  let at = skipSpace(bytes, 0, end);
  if (bytes[at] !== OPEN_OBJECT) mistake(at, 'the config file must be one JSON object: expected {');
  at = skipSpace(bytes, at + 1, end);
  while (entries.length > 0 || bytes[at] !== CLOSE_OBJECT) {
    const keyEnd = scanString(bytes, at, end);
    if (keyEnd === INVALID) mistake(at, 'expected a key in double quotes (no comma goes after the last entry)');
    const colon = skipSpace(bytes, keyEnd, end);
    if (bytes[colon] !== COLON) mistake(colon, 'expected a colon after the key');
    const valueFrom = skipSpace(bytes, colon + 1, end);
    const valueEnd = scanValue(bytes, valueFrom, end);
    if (valueEnd === INVALID) mistake(valueFrom, 'expected a JSON value: true, false, a number, "text" or an array');
    entries.push({
      key: JSON.parse(bytes.toString('utf8', at, keyEnd)) as string,
      value: JSON.parse(bytes.toString('utf8', valueFrom, valueEnd)),
      place: placeOf(at),
    });
    at = skipSpace(bytes, valueEnd, end);
    if (bytes[at] === CLOSE_OBJECT) break;
    if (bytes[at] !== COMMA) mistake(at, 'expected a comma or the closing }');
    at = skipSpace(bytes, at + 1, end);
  }
  const after = skipSpace(bytes, at + 1, end);
  if (after < end) mistake(after, 'expected nothing after the closing }');
  return entries;
}

const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COLON = 0x3a;
const COMMA = 0x2c;
