/** The profiles that come with the package, as texts. */
import { readFileSync } from 'node:fs';

/** The package's folder, from the sources and from what is built of them alike. */
const PACKAGE = new URL('../../', import.meta.url);

/** sysctl/99-volley.conf. */
export function sysctlProfileText(): string {
  return readFileSync(new URL('sysctl/99-volley.conf', PACKAGE), 'utf8');
}

/** limits/99-volley.conf. */
export function limitsProfileText(): string {
  return readFileSync(new URL('limits/99-volley.conf', PACKAGE), 'utf8');
}
