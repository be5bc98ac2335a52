/**
 * The text of a secrets file: a secret a line, newest first; the first ones are the default, those after a heading
 * `[name]` are of that name. Empty lines and lines that begin with `#` are passed over.
 */
import { nameWarning } from '../delivery/destination-name.ts';
import { checkedName, checkedSecret, DEFAULT_NAME, unusable } from './check.ts';
import type { LoadedSecrets } from './source.ts';

/** May stand in front of a secret, as in a file of environment variables. */
const ASSIGNMENT = 'HMAC_SECRET=';

interface Section {
  /** `FILE:LINE` of its heading. */
  readonly place: string;
  readonly secrets: string[];
}

/** The secrets of a file's text; there may be no default ones. Throws VOLLEY_SECRET with `path:LINE` and the fix. */
export function parseSecrets(text: string, path: string): LoadedSecrets {
  const sections = new Map<string, Section>();
  const warnings: string[] = [];
  const initial: Section = { place: path, secrets: [] };
  let section = initial;
  for (const [index, line] of text.split('\n').entries()) {
    const place = `${path}:${index + 1}`;
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    if (!entry.startsWith('[')) {
      section.secrets.push(secretOf(entry, place));
      continue;
    }
    const name = nameOf(entry, place);
    const earlier = name === DEFAULT_NAME && initial.secrets.length > 0 ? initial : sections.get(name);
    if (earlier !== undefined) throw unusable(repeated(earlier, initial, place));
    section = { place, secrets: [] };
    sections.set(name, section);
    const warning = nameWarning(name);
    if (warning !== null) warnings.push(`${place}: ${warning}`);
  }
  for (const { place, secrets } of sections.values())
    if (secrets.length === 0)
      throw unusable(`${place}: the heading has no secret below it: put one there, or take it out`);
  const { [DEFAULT_NAME]: defaults = initial.secrets, ...byName } = Object.fromEntries(
    [...sections].map(([name, { secrets }]) => [name, secrets]),
  );
  return { secrets: { default: defaults, byName }, warnings };
}

function nameOf(heading: string, place: string): string {
  if (!heading.endsWith(']'))
    throw unusable(
      `${place}: a heading is [name] alone in its line: close it, or write ${ASSIGNMENT} before a secret that begins with [`,
    );
  return checkedName(heading.slice(1, -1).trim(), place);
}

function repeated(earlier: Section, initial: Section, place: string): string {
  return earlier === initial
    ? `${place}: the default secrets are above the first heading already: keep them in one place`
    : `${place}: the heading is there twice, first in ${earlier.place}: keep one, with the secrets of both`;
}

function secretOf(entry: string, place: string): string {
  if (!entry.startsWith(ASSIGNMENT)) return checkedSecret(entry, place);
  const secret = entry.slice(ASSIGNMENT.length).trim();
  if (secret === '') throw unusable(`${place}: ${ASSIGNMENT} has no value: put the secret after it`);
  return checkedSecret(secret, place);
}
