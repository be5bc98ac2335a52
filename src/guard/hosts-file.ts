/** The system's hosts file, read again when it has changed. */
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

const PATH = '/etc/hosts';
/** How often it is looked at, in milliseconds. */
const LOOK_MS = 5_000;

export class HostsFile {
  readonly #path: string;
  #byName: ReadonlyMap<string, readonly string[]> = new Map();
  #lookedMs = Number.NEGATIVE_INFINITY;
  #version = '';

  constructor(path = PATH) {
    this.#path = path;
  }

  /** The addresses it lists for a name in lower case, IPv4 first; null where it does not list the name. */
  addressesOf(name: string, nowMs: number): readonly string[] | null {
    if (nowMs - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = nowMs;
      this.#look();
    }
    return this.#byName.get(name) ?? null;
  }

  /** One that cannot be read now, for want of descriptors perhaps, stays as it was, and is looked at again. */
  #look(): void {
    try {
      const stat = statSync(this.#path, { throwIfNoEntry: false });
      const version = stat === undefined ? '' : `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
      if (version === this.#version) return;
      this.#byName = version === '' ? new Map() : parseHosts(readFileSync(this.#path, 'utf8'));
      this.#version = version;
    } catch {}
  }
}

/** The addresses by name (hosts(5)), IPv4 first. */
function parseHosts(text: string): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      byName.set(key, [...(byName.get(key) ?? []), address]);
    }
  }
  for (const addresses of byName.values()) addresses.sort((a, b) => isIP(a) - isIP(b));
  return byName;
}
