/** Secrets that a program gives in code. */
import { Redacted } from '../runtime/redacted.ts';
import type { SigningSecrets } from '../signing/secrets.ts';
import { checkedName, checkedSecret, unusable } from './check.ts';
import type { SecretProvider } from './provider.ts';

/** What a program calls them, for messages. */
const PLACE = 'signingSecrets';

/** A provider of secrets that never change. Throws VOLLEY_SECRET at once, as it is the program's mistake: nothing is ever sent unsigned. */
export function fixedSecrets(given: readonly string[] | SigningSecrets): SecretProvider {
  const secrets = new Redacted(
    isList(given) ? { default: checkedList(given, PLACE), byName: {} } : checked(given),
  );
  return {
    place: PLACE,
    load: async () => ({ secrets: secrets.value, warnings: [] }),
    watch: () => () => {},
  };
}

function checked(given: SigningSecrets): SigningSecrets {
  if (typeof given !== 'object' || given === null)
    throw unusable(`${PLACE} is no array of secrets: give one, or { default, byName }`);
  const named = Object.entries(given.byName ?? {}).map(([name, list]) => {
    const place = `${PLACE}.byName[${JSON.stringify(name)}]`;
    return [checkedName(name, place), checkedList(list, place)] as const;
  });
  return { default: checkedList(given.default, `${PLACE}.default`), byName: Object.fromEntries(named) };
}

function checkedList(secrets: readonly string[], place: string): readonly string[] {
  if (!isList(secrets) || secrets.length === 0) throw unusable(`${place} is empty: give at least one secret`);
  return secrets.map((secret, index) => checkedSecret(secret, `${place}[${index}]`));
}

function isList(given: unknown): given is readonly string[] {
  return Array.isArray(given);
}
