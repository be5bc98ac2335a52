/** What is a usable secret, and a usable name for secrets. No message of this room ever holds a secret. */
import { originMeant } from '../delivery/destination-name.ts';
import { MAX_DESTINATION_CHARS } from '../delivery/event.ts';
import { destinationFault } from '../delivery/fields.ts';
import { VolleyError } from '../errors.ts';
import { secretFault } from '../signing/keys.ts';

/** The name of the secrets for every destination that has none of its own: a heading, and a key in Vault. */
export const DEFAULT_NAME = 'default';

/**
 * An error of this room. It takes no cause: what others throw may quote the text they stumbled over, as `JSON.parse`
 * does, and a log shows causes.
 */
export function unusable(message: string): VolleyError {
  return new VolleyError('VOLLEY_SECRET', message);
}

/** The secret, if it can be signed or verified with. Throws VOLLEY_SECRET naming the place. */
export function checkedSecret(secret: unknown, place: string): string {
  if (typeof secret !== 'string' || secret === '') throw unusable(`${place} is empty: give it a value`);
  const fault = secretFault(secret, 'verify');
  if (fault !== null) throw unusable(`${place}: ${fault}`);
  return secret;
}

/**
 * The name, if it can name secrets: a destination's id, a URL's origin, or what the settings call it. Throws
 * VOLLEY_SECRET naming the place, but not the name: a line of the wrong file may be anything.
 */
export function checkedName(name: string, place: string): string {
  if (originMeant(name) !== null)
    throw unusable(
      `${place}: write the origin as https://example.com: lower case, no slash at the end, no usual port`,
    );
  if (destinationFault(name) !== null)
    throw unusable(`${place}: a name has 1 to ${MAX_DESTINATION_CHARS} printable ASCII characters`);
  return name;
}
