/** Names of hosts: how they are written, and which of them no public server has. */

/** Longest name and longest label, in characters (RFC 1035 §2.3.4, without the root's empty label). */
const MAX_NAME_CHARS = 253;
const MAX_LABEL_CHARS = 63;
/** Letters, digits and hyphens (RFC 1123 §2.1), and the underscore, which is seen in the wild. */
const LABEL = /^[a-z0-9_-]+$/;

/** What is wrong with a name in lower case, as the end of a sentence; null for nothing. */
export function nameFault(name: string): string | null {
  if (name.length > MAX_NAME_CHARS) return `is longer than ${MAX_NAME_CHARS} characters`;
  for (const label of name.split('.')) {
    if (label === '') return 'has an empty label';
    if (label.length > MAX_LABEL_CHARS) return `has a label longer than ${MAX_LABEL_CHARS} characters`;
    if (!LABEL.test(label)) return 'holds characters that a host name does not have';
  }
  return null;
}

/**
 * Top-level names that no public server is below: the IANA registry of Special-Use Domain Names (RFC 6761), and ICANN's.
 * Of the registry's names below arpa none is left out by taking arpa whole: it is for the network itself (RFC 3172).
 * `example` and its kin are for documents, and names like any other to resolvers (RFC 6761 §6.5).
 */
const SPECIAL_TOP_LEVEL: ReadonlyMap<string, string> = new Map([
  ['alt', 'RFC 9476'],
  ['arpa', 'RFC 3172'],
  ['internal', 'ICANN 2024-07-29'],
  ['invalid', 'RFC 6761'],
  ['local', 'RFC 6762'],
  ['localhost', 'RFC 6761'],
  ['onion', 'RFC 7686'],
  ['test', 'RFC 6761'],
]);

/** What makes a name one that no public server has, for example `a special-use name (RFC 6761)`; null for other names. */
export function specialNameNote(name: string): string | null {
  const dot = name.lastIndexOf('.');
  const source = SPECIAL_TOP_LEVEL.get(name.slice(dot + 1));
  if (source !== undefined) return `a special-use name (${source})`;
  return dot === -1 ? 'a name without a dot' : null;
}
