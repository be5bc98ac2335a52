/** Hosts that the policy lists. */
import { parseAddress } from './address.ts';
import { nameFault } from './host-name.ts';

/** Whether a text lists hosts: a name, `*.SUFFIX`, an IPv4 address as a dotted quad, an IPv6 address with or without brackets. */
export function isHostPattern(text: string): boolean {
  return canonicalPattern(text) !== null;
}

export class HostList {
  readonly #hosts = new Set<string>();
  /** What stands after the star: everything below these is listed. */
  readonly #suffixes = new Set<string>();

  /** Throws a RangeError naming the entry that lists no host. */
  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) {
      const canonical = canonicalPattern(pattern);
      if (canonical === null)
        throw new RangeError(
          `${JSON.stringify(pattern)} is not a host: write a name, *.SUFFIX or an IP address, for example hooks.example.internal`,
        );
      if (canonical.startsWith('*.')) this.#suffixes.add(canonical.slice(2));
      else this.#hosts.add(canonical);
    }
  }

  /** Whether it lists a host, given as URLs hold it: in lower case, an IPv6 address compressed and without brackets. */
  has(host: string): boolean {
    if (this.#hosts.has(host)) return true;
    if (this.#suffixes.size === 0) return false;
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1))
      if (this.#suffixes.has(host.slice(dot + 1))) return true;
    return false;
  }
}

function canonicalPattern(text: string): string | null {
  if (text.startsWith('*.')) {
    const suffix = canonicalName(text.slice(2));
    return suffix === null ? null : `*.${suffix}`;
  }
  const isBracketed = text.startsWith('[') && text.endsWith(']');
  const bare = isBracketed ? text.slice(1, -1) : text;
  if (isBracketed || bare.includes(':'))
    return parseAddress(bare)?.length === 8 ? hostnameOf(`[${bare}]`)!.slice(1, -1) : null;
  return parseAddress(text) === null ? canonicalName(text) : text;
}

/** A name in lower case; null where it is none, or where a URL reads it as something else: `127.1` is an address. */
function canonicalName(text: string): string | null {
  const name = text.toLowerCase();
  const isName = nameFault(name) === null && hostnameOf(name) === name && parseAddress(name) === null;
  return isName ? name : null;
}

function hostnameOf(host: string): string | null {
  return URL.parse(`https://${host}/`)?.hostname ?? null;
}
