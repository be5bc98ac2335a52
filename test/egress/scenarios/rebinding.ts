/** A name whose answers change while it is delivered to. */
import { connectionsBegun, INTERNAL, PUBLIC_V4 } from '../network.ts';
import type { Place } from '../place.ts';
import { endings } from '../worker.ts';

export interface Rebinding {
  /** What the name server says to the first, second, … lookup; the last one to all later ones too. */
  readonly answers: readonly (readonly string[])[];
  readonly ttl: number;
  /** Deliveries go on one by one until there have been this many lookups. */
  readonly lookups: number;
}

const URL = 'http://hooks.example.com/';
const PORTS = [80, 443];
/** Most deliveries until then: in a second there are one or two hundred. */
const MAX_DELIVERIES = 1_000;

export async function oneByOne(place: Place, { answers, ttl, lookups }: Rebinding) {
  let asked = 0;
  const dnsServer = await place.nameServer((_name, type) =>
    type === 'A'
      ? { ttl, addresses: answers[Math.min(asked++, answers.length - 1)]! }
      : { ttl, addresses: [] },
  );
  const world = await openWorld(place, false);
  const worker = await place.worker([...FLAGS, '--threads', '1', '--dns-server', dnsServer]);
  const ends: string[] = [];
  while (asked < lookups && ends.length < MAX_DELIVERIES) {
    const id = `d${ends.length}`;
    await place.publish([{ id, url: URL }]);
    await worker.until(() => isEnded(worker.lines.at(-1), id));
    ends.push(kindOf(endings(worker.lines.slice(-1)).get(id)!));
  }
  await worker.stop();
  return { ends, asked, ...world() };
}

/** Deliveries one by one to a name that was outside at its first lookup alone, to a receiver that keeps its connection. */
export async function onKeptConnection(place: Place, deliveries: number) {
  let asked = 0;
  const dnsServer = await place.nameServer((_name, type) => ({
    ttl: 0,
    addresses: type === 'A' ? [asked++ === 0 ? PUBLIC_V4 : '10.0.0.1'] : [],
  }));
  const world = await openWorld(place, true);
  const worker = await place.worker([...FLAGS, '--threads', '1', '--dns-server', dnsServer]);
  for (let i = 0; i < deliveries; i++) {
    await place.publish([{ id: `d${i}`, url: URL }]);
    await worker.until(() => isEnded(worker.lines.at(-1), `d${i}`));
  }
  await worker.stop();
  const delivered = worker.lines.filter(({ msg }) => msg === 'delivered').length;
  return { delivered, ...world() };
}

/** Many deliveries at once, in two threads, to a name that has another address at each lookup. */
export async function manyAtOnce(place: Place, deliveries: number, flipping: 'A' | 'AAAA') {
  let asked = 0;
  const dnsServer = await place.nameServer((_name, type) => {
    const steady = type === 'A' ? [PUBLIC_V4] : [];
    if (type !== flipping) return { ttl: 0, addresses: steady };
    return { ttl: 0, addresses: asked++ % 2 === 0 ? steady : [flipping === 'A' ? '10.0.0.1' : 'fd00::1'] };
  });
  const world = await openWorld(place, false);
  await place.publish(Array.from({ length: deliveries }, (_, i) => ({ id: `d${i}`, url: URL })));
  const flags = ['--threads', '2', '--concurrency', '2', '--once', '--dns-server', dnsServer];
  const worker = await place.worker([...FLAGS, ...flags]);
  await worker.exited;
  const ends = [...endings(worker.lines).values()].map(kindOf);
  return {
    delivered: ends.filter((end) => end === 'delivered').length,
    ended: ends.length,
    asked,
    ...world(),
  };
}

const FLAGS = ['--allow-http', '--retry-schedule', '10ms'];

/** Receivers everywhere; answers a function that says who was connected to. */
async function openWorld(place: Place, keepAlive: boolean) {
  const outside = await place.site(PUBLIC_V4, PORTS, (_request, response) => {
    if (!keepAlive) response.setHeader('connection', 'close');
    response.end();
  });
  const inside = await Promise.all(INTERNAL.map((address) => place.site(address, PORTS)));
  return () => ({
    outside: outside.connections,
    inside: inside.reduce((sum, { connections }) => sum + connections, 0),
    /** Connections begun to anywhere else. */
    strays: connectionsBegun() - outside.connections,
  });
}

function isEnded(
  line: { readonly msg: string; readonly delivery_id?: string } | undefined,
  id: string,
): boolean {
  return line?.delivery_id === id && (line.msg === 'delivered' || line.msg === 'delivery dead');
}

/** `delivered`, or the reason of the dead letter. */
function kindOf(end: string): string {
  return end.split(':')[0]!;
}
