/** Real receivers on free ports of the loopback interface: an HTTP(S) one that records what it gets, and a raw one that misbehaves. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { Signal } from './signal.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Receiver {
  /** Without a trailing slash. */
  readonly origin: string;
  readonly requests: Received[];
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Resolves as soon as `test` holds; looks at each connection and each request, before it is answered. */
  until(test: () => boolean): Promise<void>;
  close(): Promise<void>;
}

const certificate = (name: string) => readFileSync(new URL(`../bench/receiver/${name}`, import.meta.url));
export const TEST_CERTIFICATE = certificate('test-only-certificate.pem');

/** Answers each request with what `answer` says, 200 by default. `keep`: false where too many come to keep them. */
export function startReceiver(
  answer: (request: Received) => Answer | Promise<Answer> = () => ({ status: 200 }),
  { tls = false, keep = true } = {},
): Promise<Receiver> {
  const requests: Received[] = [];
  const signal = new Signal();
  const listener: RequestListener = async (request, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The sender has gone.
    }
    const { method = '', url = '', headers } = request;
    const received: Received = { method, path: url, headers, body: Buffer.concat(chunks) };
    if (keep) requests.push(received);
    signal.raise();
    const { status, headers: extra, body } = await answer(received);
    response.writeHead(status, extra).end(body);
  };
  const server = tls
    ? createTlsServer({ key: certificate('test-only-key.pem'), cert: TEST_CERTIFICATE }, listener)
    : createServer(listener);
  return listen(server, tls ? 'https' : 'http', requests, signal);
}

/** As `startReceiver`, closed after the test. */
export async function receiverOf(
  t: TestContext,
  ...args: Parameters<typeof startReceiver>
): Promise<Receiver> {
  const receiver = await startReceiver(...args);
  t.after(() => receiver.close());
  return receiver;
}

const ACCEPTED = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** A receiver for very many requests, closed after the test: gives their bodies and heads as Latin-1 text, at a fraction of the cost. */
export async function countingReceiverOf(
  t: TestContext,
  onRequest: (body: string, head: string) => void,
): Promise<Receiver> {
  const signal = new Signal();
  const server = createTcpServer((socket) => {
    let unread = '';
    socket.on('data', (chunk) => {
      unread += chunk.toString('latin1');
      for (;;) {
        const bodyAt = unread.indexOf('\r\n\r\n') + 4;
        const bodyBytes = Number(/\r\ncontent-length: (\d+)/.exec(unread)?.[1]);
        if (bodyAt < 4 || unread.length < bodyAt + bodyBytes) break;
        onRequest(unread.slice(bodyAt, bodyAt + bodyBytes), unread.slice(0, bodyAt));
        unread = unread.slice(bodyAt + bodyBytes);
        socket.write(ACCEPTED);
      }
      signal.raise();
    });
  });
  return serving(t, server, 'http', signal);
}

/** A TCP server, closed after the test, that does with each connection what a test says. */
export function rawReceiverOf(
  t: TestContext,
  onConnection: (socket: Socket) => void,
  scheme: 'http' | 'https' = 'http',
): Promise<Receiver> {
  return serving(t, createTcpServer(onConnection), scheme);
}

/** A server of a test's own, made to listen, and closed after the test. */
export async function serving(
  t: TestContext,
  server: Server,
  scheme: 'http' | 'https',
  signal = new Signal(),
): Promise<Receiver> {
  const receiver = await listen(server, scheme, [], signal);
  t.after(() => receiver.close());
  return receiver;
}

async function listen(
  server: Server,
  scheme: 'http' | 'https',
  requests: Received[],
  signal: Signal,
): Promise<Receiver> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted++;
    sockets.add(socket);
    signal.raise();
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    until: (test) => signal.until(test),
    get accepted() {
      return accepted;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
