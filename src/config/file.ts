/**
 * The config file: one JSON object whose keys are flags without their dashes. Every entry knows its line and column,
 * which `JSON.parse` does not tell; what an option can be is so little (a scalar, an array of scalars) that patterns
 * read it.
 */
import { readFileSync } from 'node:fs';
import { errorCode, VolleyError } from '../errors.ts';

export interface FileEntry {
  readonly key: string;
  readonly value: unknown;
  /** `FILE:LINE:COLUMN` of the key, both counted from 1. */
  readonly place: string;
}

/** The entries of a config file. Throws VOLLEY_CONFIG naming the file, and the line and column of a mistake. */
export function readConfigFile(path: string): FileEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new VolleyError(
      'VOLLEY_CONFIG',
      `the config file ${path} cannot be read (${errorCode(error)}): correct --config, or the file's permissions`,
      { cause: error },
    );
  }
  return parseConfig(text, path);
}

/** JSON's white space, strings, and the values an option can have (RFC 8259). */
const SPACE = /[\t\n\r ]*/y;
const STRING = String.raw`"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"`;
const SCALAR = String.raw`(?:${STRING}|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)`;
const GAP = String.raw`[\t\n\r ]*`;
const KEY = new RegExp(STRING, 'y');
const VALUE = new RegExp(`${SCALAR}|\\[${GAP}(?:${SCALAR}${GAP}(?:,${GAP}${SCALAR}${GAP})*)?\\]`, 'y');

/** The entries of a config file's text; `path` is for the places and messages. Throws VOLLEY_CONFIG. */
export function parseConfig(text: string, path: string): FileEntry[] {
  // A byte order mark, as some editors write it, is not JSON and does no harm.
  let at = text.startsWith('\ufeff') ? 1 : 0;
  const placeOf = (offset: number) => {
    const lines = text.slice(0, offset).split('\n');
    return `${path}:${lines.length}:${lines.at(-1)!.length + 1}`;
  };
  /** The text that matches here, with the white space after it; a mistake where none does. */
  const take = (pattern: RegExp, expected: string): string => {
    pattern.lastIndex = at;
    const matched = pattern.exec(text)?.[0];
    if (matched === undefined) throw new VolleyError('VOLLEY_CONFIG', `${placeOf(at)}: expected ${expected}`);
    at += matched.length;
    if (pattern !== SPACE) take(SPACE, '');
    return matched;
  };
  take(SPACE, '');
  take(/\{/y, '{, as the config file is one JSON object');
  const entries: FileEntry[] = [];
  while (text[at] !== '}' || entries.length > 0) {
    const place = placeOf(at);
    const key = take(KEY, 'a key in double quotes (no comma goes after the last entry)');
    take(/:/y, 'a colon after the key');
    const value = take(VALUE, 'a value: true, false, a number, text in double quotes, or an array of these');
    entries.push({ key: JSON.parse(key) as string, value: JSON.parse(value), place });
    if (text[at] === '}') break;
    take(/,/y, 'a comma or the closing }');
  }
  take(/\}/y, 'the closing }');
  if (at < text.length)
    throw new VolleyError('VOLLEY_CONFIG', `${placeOf(at)}: expected the end of the file`);
  return entries;
}
