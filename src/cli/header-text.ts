/** Headers as people and programs write them: `name: value`. */
import { VolleyError } from '../errors.ts';

/** A field line (RFC 9112 §5), also with the mark that `curl -v` puts before it. */
const FIELD_LINE = /^(?:[<>] )?([!#$%&'*+\-.^_`|~0-9A-Za-z]+):(.*)$/;

/** Name and value of a header given as a flag. Throws VOLLEY_USAGE. */
export function headerOf(text: string): [name: string, value: string] {
  const colon = text.indexOf(':');
  if (colon > 0) return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  throw new VolleyError('VOLLEY_USAGE', `--header is ${JSON.stringify(text)}: write it as 'name: value'`);
}

/** The headers among the lines of a request's head, as `curl -D`, `curl -v` or a proxy's log writes it; other lines are passed over. */
export function headersOfLines(text: string): [name: string, value: string][] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value.trim()]];
  });
}
