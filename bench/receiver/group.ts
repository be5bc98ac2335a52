/** A group of mock receivers in one process: listeners that behave alike and are counted together. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type SignatureCheck, signatureCheck } from '../../src/cli/demo/signature-check.ts';
import { machineMicros } from '../clock.ts';
import { eventOf } from '../load/event-id.ts';
import { type Behaviour, fateOf, isDelivery, type Reaction } from './behaviour.ts';
import { RequestReader } from './request-reader.ts';
import { respond } from './respond.ts';
import { Tally } from './tally.ts';

export type Scheme = 'http' | 'https';

export interface GroupSpec {
  readonly name: string;
  readonly scheme: Scheme;
  /** One listener each; 0 is a free port. */
  readonly ports: readonly number[];
  readonly behaviour: Behaviour;
  /** Whether each port is that of all addresses of 127.0.0.0/8, where the system has them, and not of 127.0.0.1 alone; not unless said. */
  readonly allLoopback?: boolean;
  /** Other reactions by the path of a request; none unless said. */
  readonly paths?: Readonly<Record<string, Reaction>>;
  /** Requests are checked to be signed with this `whsec_…` secret; not at all unless said. */
  readonly secret?: string;
  /** Whether the events' ids are read, for ledgers and latencies; requests are counted anyway. */
  readonly watched: boolean;
  /** Other processes listen on the same ports; the kernel spreads the connections. */
  readonly shared: boolean;
}

/** Waiting connections per listener: every slot of every thread may connect to one destination in the same instant. */
const BACKLOG = 4_096;
/** What becomes of a request that comes on a connection from before the group began to refuse. */
const CLOSED = { kind: 'reset' } as const;

export class Group {
  readonly tally = new Tally();
  readonly #spec: GroupSpec;
  readonly #random: () => number;
  readonly #verify: SignatureCheck | null;
  readonly #onRequest: () => void;
  readonly #sockets = new Set<Socket>();
  #ports: readonly number[];
  #servers: readonly Server[] = [];
  #behaviour: Behaviour;

  /** `onRequest` is called at each request, before it is answered. */
  constructor(spec: GroupSpec, random: () => number, onRequest: () => void) {
    this.#spec = spec;
    this.#random = random;
    this.#onRequest = onRequest;
    this.#ports = spec.ports;
    this.#behaviour = spec.behaviour;
    this.#verify = spec.secret === undefined ? null : signatureCheck(spec.secret);
  }

  /** Takes the ports, and lets go of them again if nobody is to listen; answers which they are. */
  async start(): Promise<readonly number[]> {
    this.#ports = await this.#listen();
    if (this.#behaviour.kind === 'refuse') this.#close();
    return this.#ports;
  }

  /** Behaves otherwise from now on. */
  async behave(behaviour: Behaviour): Promise<void> {
    this.#behaviour = behaviour;
    if (behaviour.kind === 'refuse') this.#close();
    else if (this.#servers.length === 0) await this.#listen();
  }

  async #listen(): Promise<readonly number[]> {
    const { scheme, shared, allLoopback = false } = this.#spec;
    this.#servers = this.#ports.map(() => createListener(scheme, (socket) => this.#serve(socket)));
    return Promise.all(
      this.#servers.map(async (server, index) => {
        server.listen({
          port: this.#ports[index]!,
          // No address stands for all of the loopback's; who comes from elsewhere is turned away.
          host: allLoopback ? '0.0.0.0' : '127.0.0.1',
          backlog: BACKLOG,
          reusePort: shared,
        });
        await once(server, 'listening');
        return (server.address() as AddressInfo).port;
      }),
    );
  }

  #close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#servers = [];
  }

  #serve(socket: Socket): void {
    if (!socket.localAddress?.startsWith('127.')) {
      socket.destroy();
      return;
    }
    const reader = new RequestReader({
      onRequest: (head, body) => this.#receive(socket, head, body),
      keepBodies: this.#verify !== null,
    });
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => reader.read(chunk));
  }

  #receive(socket: Socket, head: string, body: Buffer): void {
    this.#onRequest();
    this.tally.requests += 1;
    const fate = fateOf(this.#reactionTo(head), this.#random);
    if (this.#verify !== null && !this.#verify(headersOf(head), body, Date.now()))
      this.tally.badSignatures += 1;
    if (this.#spec.watched && isDelivery(fate)) {
      const event = eventOf(head);
      if (event !== null) this.tally.deliver(event, machineMicros());
    }
    respond(fate, socket, this.#random);
  }

  #reactionTo(head: string): Reaction {
    const { paths } = this.#spec;
    const from = head.indexOf(' ') + 1;
    const special = paths?.[head.slice(from, head.indexOf(' ', from))];
    if (special !== undefined) return special;
    return this.#behaviour.kind === 'refuse' ? CLOSED : this.#behaviour;
  }
}

/** The headers in a head, by their names in small letters. */
function headersOf(head: string): Record<string, string> {
  const lines = head.split('\r\n').slice(1);
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

function createListener(scheme: Scheme, onSocket: (socket: Socket) => void): Server {
  if (scheme === 'http') return createServer(onSocket);
  const key = readFileSync(new URL('test-only-key.pem', import.meta.url));
  const cert = readFileSync(new URL('test-only-certificate.pem', import.meta.url));
  const server = createTlsServer({ key, cert }, onSocket);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}
