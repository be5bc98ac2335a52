/** A process of mock receivers: one listener for each destination. Started and asked by `receivers.ts`. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { serve } from '../remote.ts';
import { type Behaviour, responder } from './behaviour.ts';
import { RequestReader } from './request-reader.ts';

export interface ReceiverSpec {
  readonly scheme: 'http' | 'https';
  /** One listener each; 0 is a free port. */
  readonly ports: readonly number[];
  readonly behaviour: Behaviour;
  /** Other processes listen on the same ports; the kernel spreads the connections. */
  readonly shared: boolean;
}

export interface ReceiverCounts {
  readonly requests: number;
  /** When the first one since `reset` was complete, epoch milliseconds; null before that. */
  readonly firstAtMs: number | null;
  /** CPU of this process since `reset`. */
  readonly cpuSeconds: number;
}

/** Waiting connections per listener: every slot of every thread may connect to one destination in the same instant. */
const BACKLOG = 4_096;

let requests = 0;
let firstAtMs: number | null = null;
let cpuAtReset = process.cpuUsage();

const api = {
  /** Starts a listener for each port; answers the ports. */
  async listen(spec: ReceiverSpec): Promise<readonly number[]> {
    const respond = responder(spec.behaviour);
    const onSocket = (socket: Socket) => {
      const reader = new RequestReader();
      const write = (answer: Buffer) => socket.write(answer);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk: Buffer) => {
        const completed = reader.read(chunk);
        if (completed === 0) return;
        if (requests === 0) firstAtMs = Date.now();
        requests += completed;
        respond(write, completed);
      });
    };
    const listeners = spec.ports.map(async (port) => {
      const server = createListener(spec.scheme, onSocket);
      server.listen({ port, host: '127.0.0.1', backlog: BACKLOG, reusePort: spec.shared });
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    });
    return Promise.all(listeners);
  },

  async reset(): Promise<void> {
    requests = 0;
    firstAtMs = null;
    cpuAtReset = process.cpuUsage();
  },

  async counts(): Promise<ReceiverCounts> {
    const { user, system } = process.cpuUsage(cpuAtReset);
    return { requests, firstAtMs, cpuSeconds: (user + system) / 1e6 };
  },
};

export type ReceiverApi = typeof api;

function createListener(scheme: ReceiverSpec['scheme'], onSocket: (socket: Socket) => void): Server {
  if (scheme === 'http') return createServer(onSocket);
  const key = readFileSync(new URL('test-only-key.pem', import.meta.url));
  const cert = readFileSync(new URL('test-only-certificate.pem', import.meta.url));
  const server = createTlsServer({ key, cert }, onSocket);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

serve(api);
