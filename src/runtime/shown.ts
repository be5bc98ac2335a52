/** What messages repeat of a value that was given: it fits in one line and holds no password. */

/** Longest value repeated in a message, in characters: enough to recognise it, and still one line. */
const MAX_SHOWN_CHARS = 80;

/** A value as a message shows it: JSON, shortened, without credentials in URLs; of an object only that it is one. */
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
