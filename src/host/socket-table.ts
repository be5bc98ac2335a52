/** The kernel's tables of TCP sockets (/proc/net/tcp and tcp6), counted. Pure. */

/** The states that tell something, by the number the kernel gives them (include/net/tcp_states.h). */
const STATES = { '01': 'established', '02': 'synSent', '06': 'timeWait', '08': 'closeWait' } as const;

type State = (typeof STATES)[keyof typeof STATES];

export interface BusyPeer {
  /** `ADDRESS:PORT`. */
  readonly peer: string;
  readonly sockets: number;
}

export interface SocketCounts extends Readonly<Record<State, number>> {
  /** The peer that most sockets with a local port of the ephemeral range go to; null without any. */
  readonly busiest: BusyPeer | null;
  /** The peer that most connections which are being made go to; null without any. */
  readonly mostWaitedFor: BusyPeer | null;
}

/** Counts the sockets of these tables. `ports` is the ephemeral range, both ends included. */
export function countSockets(
  tables: readonly string[],
  [firstPort, lastPort]: readonly [number, number],
): SocketCounts {
  const counts = { established: 0, synSent: 0, timeWait: 0, closeWait: 0 };
  const peers = new Map<string, number>();
  const waitedFor = new Map<string, number>();
  const count = (map: Map<string, number>, peer: string) => map.set(peer, (map.get(peer) ?? 0) + 1);
  for (const line of tables.flatMap((table) => table.split('\n').slice(1))) {
    const [, local, peer, code] = line.trim().split(/\s+/);
    if (local === undefined || peer === undefined) continue;
    const state: State | undefined = STATES[code as keyof typeof STATES];
    if (state === undefined) continue;
    counts[state]++;
    if (state === 'synSent') count(waitedFor, peer);
    const port = Number.parseInt(local.split(':')[1] ?? '', 16);
    if (port >= firstPort && port <= lastPort) count(peers, peer);
  }
  return { ...counts, busiest: most(peers), mostWaitedFor: most(waitedFor) };
}

function most(peers: ReadonlyMap<string, number>): BusyPeer | null {
  let found: [string, number] | null = null;
  for (const entry of peers) if (found === null || entry[1] > found[1]) found = entry;
  return found === null ? null : { peer: readable(found[0]), sockets: found[1] };
}

/** `0100007F:1F90` as `127.0.0.1:8080`: each 32 bits of an address in this machine's order of bytes, the port in hexadecimal. */
function readable(peer: string): string {
  const [hex = '', port = ''] = peer.split(':');
  const bytes = [...Buffer.from(hex, 'hex')];
  const ordered = bytes.flatMap((_, i) => (i % 4 === 0 ? bytes.slice(i, i + 4).toReversed() : []));
  const number = Number.parseInt(port, 16);
  if (ordered.length === 4) return `${ordered.join('.')}:${number}`;
  const words = ordered.flatMap((byte, i) =>
    i % 2 === 0 ? [((byte << 8) | ordered[i + 1]!).toString(16)] : [],
  );
  return `[${words.join(':')}]:${number}`;
}
