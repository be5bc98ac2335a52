/** A receiver at an address of the namespace that remembers who came. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import { keyPair } from '../certificates.ts';
import { Signal } from '../signal.ts';

export interface SiteRequest {
  /** The host that was asked for. */
  readonly host: string;
  readonly path: string;
  readonly id: string;
  /** Which attempt it says it is. */
  readonly attempt: string;
}

/** Sends an answer, now or later. */
export type SiteAnswer = (request: SiteRequest, response: ServerResponse) => void;

const HTTPS = 443;

export class Site {
  readonly address: string;
  readonly requests: SiteRequest[] = [];
  /** Connections accepted so far: by port. */
  readonly accepted = new Map<number, number>();
  readonly #signal = new Signal();
  readonly #sockets = new Set<Socket>();
  readonly #answer: SiteAnswer;

  private constructor(address: string, answer: SiteAnswer) {
    this.address = address;
    this.#answer = answer;
  }

  static async start(
    address: string,
    ports: readonly number[],
    answer: SiteAnswer = (_request, response) => response.end(),
  ): Promise<Site> {
    const site = new Site(address, answer);
    await Promise.all(ports.map((port) => site.#listen(port)));
    return site;
  }

  get connections(): number {
    return this.accepted.values().reduce((sum, count) => sum + count, 0);
  }

  /** Resolves as soon as `test` holds; looks at each connection and each request, before it is answered. */
  until(test: () => boolean): Promise<void> {
    return this.#signal.until(test);
  }

  /** Closes the connections there are. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #listen(port: number): Promise<void> {
    const respond = (request: IncomingMessage, response: ServerResponse) => this.#respond(request, response);
    // Only who sends the request decides when a connection is closed.
    const settings = { keepAliveTimeout: 0 };
    const server: Server =
      port === HTTPS
        ? createTlsServer({ ...settings, ...keyPair('receiver') }, respond)
        : createServer(settings, respond);
    server.on('connection', (socket: Socket) => {
      this.accepted.set(port, (this.accepted.get(port) ?? 0) + 1);
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
      this.#signal.raise();
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host: this.address, backlog: 4_096 }, resolve);
    });
  }

  #respond(request: IncomingMessage, response: ServerResponse): void {
    const { headers, url = '' } = request;
    const seen: SiteRequest = {
      host: headers.host ?? '',
      path: url,
      id: header(headers, 'webhook-id'),
      attempt: header(headers, 'x-webhook-attempt'),
    };
    request.resume().on('end', () => {
      this.requests.push(seen);
      this.#signal.raise();
      this.#answer(seen, response);
    });
  }
}

function header(headers: IncomingHttpHeaders, name: string): string {
  return String(headers[name] ?? '');
}
