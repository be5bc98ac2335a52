/**
 * The names that settings and secrets are kept under: a destination's id, or its URL's origin. An id may look like
 * anything; so of what looks like a URL only an origin in another spelling is refused, and the rest warned about.
 */

const LIKE_URL = /^https?:|:\/\//i;

/** The origin that a name is in another spelling, and so would match no delivery; null for any other name. */
export function originMeant(name: string): string | null {
  const url = webUrlOf(name);
  return url !== null && url.href === `${url.origin}/` && url.origin !== name ? url.origin : null;
}

/** A warning where a name looks like a URL and is no origin, as it is easily taken for one; null for any other name. Holds nothing of it. */
export function nameWarning(name: string): string | null {
  if (!LIKE_URL.test(name) || webUrlOf(name)?.origin === name) return null;
  return 'what looks like a URL and is no origin names only events whose "destination" is exactly that; a receiver is named by its origin, as https://example.com';
}

function webUrlOf(name: string): URL | null {
  const url = LIKE_URL.test(name) ? URL.parse(name) : null;
  return url !== null && /^https?:$/.test(url.protocol) ? url : null;
}
