/** URLs delivered to, in a world where there is somebody at every address. */
import { isIPv4 } from 'node:net';
import { connectionsBegun, disableIPv6, INTERNAL, PUBLIC_V4, PUBLIC_V6 } from '../network.ts';
import type { Place } from '../place.ts';
import type { Site } from '../site.ts';
import { endings } from '../worker.ts';

export interface World {
  readonly flags: readonly string[];
  /** The addresses of each name, or where it is an alias of another one. Names that are not here do not exist. */
  readonly names: Readonly<Record<string, readonly string[]>>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly urls: readonly string[];
  /** Whether this machine is without IPv6; false by default. */
  readonly withoutIPv6?: boolean;
}

/** Ports that somebody listens on, at each address. */
const PORTS = [80, 443, 6379, 8080, 8443];

/** A path that begins so is answered with a redirect to what follows. */
export const REDIRECT = '/redirect-to/';

/** What became of one URL. */
export interface Fate {
  readonly url: string;
  /** `delivered`, the reason of its dead letter, or what else was said of it last. */
  readonly end: string;
  readonly detail: string;
  /** Attempts made; -1 where there is no dead letter. */
  readonly attempts: number;
}

export async function deliver(place: Place, world: World) {
  const { flags, names, aliases = {}, urls, withoutIPv6 = false } = world;
  if (withoutIPv6) disableIPv6();

  const asked: string[] = [];
  const dnsServer = await place.nameServer((name, type) => {
    asked.push(name);
    const last = aliases[name] ?? name;
    const addresses = names[last];
    if (type === 'NS') return { addresses: [] };
    return addresses === undefined ? { code: 'NXDOMAIN' } : { addresses, via: last === name ? [] : [last] };
  });
  const sites = await Promise.all(
    [PUBLIC_V4, PUBLIC_V6, ...INTERNAL]
      .filter((address) => !withoutIPv6 || isIPv4(address))
      .map((address) =>
        place.site(address, PORTS, ({ path }, response) => {
          if (path.startsWith(REDIRECT))
            response.writeHead(302, { location: decodeURIComponent(path.slice(REDIRECT.length)) });
          response.end();
        }),
      ),
  );
  await place.publish(urls.map((url, i) => ({ id: `u${i}`, url })));
  // What fails is tried once more.
  const retries = ['--retry-schedule', '10ms'];
  const worker = await place.worker(['--once', '--dns-server', dnsServer, ...retries, ...flags]);
  const exitCode = await worker.exited;
  const ended = endings(worker.lines);
  const queue = await place.queue();
  const letters = new Map((await queue.listDead({}, urls.length)).map((letter) => [letter.id, letter]));
  return {
    exitCode,
    fates: urls.map((url, i): Fate => {
      const letter = letters.get(`u${i}`);
      const end = letter?.reason ?? ended.get(`u${i}`) ?? 'nothing';
      return { url, end, detail: letter?.detail ?? '', attempts: letter?.attempts ?? -1 };
    }),
    asked,
    /** How many connections there were to each address, of those with any. */
    arrivals: Object.fromEntries(
      sites.flatMap(({ address, connections }) => (connections > 0 ? [[address, connections]] : [])),
    ),
    /** Connections that were begun, and that nobody accepted. */
    strays: connectionsBegun() - sites.reduce((sum, { connections }) => sum + connections, 0),
    requests: sites.flatMap(({ address, requests }: Site) => requests.map((each) => ({ ...each, address }))),
  };
}
