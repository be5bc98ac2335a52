/** Log entries as logfmt (https://brandur.org/logfmt): `key=value` pairs, values quoted where they must be. */

const BARE = /^[^\s"=\\\p{C}]+$/u;

export function logfmtValue(value: unknown): string {
  if (value === null || value === undefined) return '-';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return BARE.test(text) ? text : JSON.stringify(text);
}

/** The pairs of an entry, in its order, without a line end. */
export function logfmtLine(entry: Record<string, unknown>): string {
  return Object.entries(entry)
    .map(([key, value]) => `${key}=${logfmtValue(value)}`)
    .join(' ');
}
