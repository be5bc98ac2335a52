/** A scripted name server on a free port of loopback. */
import { createSocket, type RemoteInfo } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import packet, { type Answer, type Packet } from 'dns-packet';

/** What it says to one question. */
export type NameAnswer =
  /** These addresses, of the family that was asked for; `via`: the names that lead there, each an alias of the next. */
  | { readonly addresses: readonly string[]; readonly ttl?: number; readonly via?: readonly string[] }
  | { readonly code: keyof typeof CODES }
  /** Nothing. */
  | 'silence';

export interface NameServer {
  /** `ADDRESS:PORT`, as --dns-server takes it. */
  readonly address: string;
  close(): Promise<void>;
}

/** The response codes (RFC 1035 §4.1.1), which are the lowest bits of a header's flags. */
const CODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

/** Answers what `answer` says for a name and type (`A`, `AAAA`, `NS`). `port`: a free one when 0. */
export async function startNameServer(
  answer: (name: string, type: string) => NameAnswer,
  port = 0,
): Promise<NameServer> {
  const socket = createSocket('udp4', (message, peer) => {
    const query = packet.decode(message);
    const { name, type } = query.questions![0]!;
    const said = answer(name, type);
    if (said !== 'silence') reply(query, answersTo(name, type, said), flagsOf(said), peer);
  });
  const reply = ({ id, questions }: Packet, answers: Answer[], flags: number, peer: RemoteInfo) => {
    const response = packet.encode({
      type: 'response',
      id: id!,
      flags: packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | flags,
      questions: questions!,
      answers,
    });
    socket.send(response, peer.port, peer.address);
  };
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function flagsOf(said: Exclude<NameAnswer, 'silence'>): number {
  return 'code' in said ? CODES[said.code] : 0;
}

function answersTo(name: string, type: string, said: Exclude<NameAnswer, 'silence'>): Answer[] {
  if ('code' in said || (type !== 'A' && type !== 'AAAA')) return [];
  const { addresses, ttl = 60, via = [] } = said;
  const chain = [name, ...via];
  const aliases = via.map((data, i): Answer => ({ type: 'CNAME', name: chain[i]!, ttl, data }));
  const ofType = addresses.filter((address) => (type === 'AAAA') === address.includes(':'));
  return [...aliases, ...ofType.map((data): Answer => ({ type, name: chain.at(-1)!, ttl, data }))];
}
