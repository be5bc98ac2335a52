/**
 * Makes connections: name → vetted addresses → TCP (by way of a proxy where there is one) → peer looked at again → TLS.
 *
 * One connector serves all hosts of a route, so that what it has learnt of them (TLS sessions) outlives a socket. The
 * guard sits here and not in front: only here is it known which address is dialled.
 */
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { errorCode } from '../errors.ts';
import type { Guard, Target } from '../guard/guard.ts';
import type { Names } from '../guard/names.ts';
import { ownFaultOf } from './classify.ts';
import { dial, ofSameFamily } from './dial.ts';
import {
  ClosedEarlyError,
  ConnectTimeoutError,
  EgressRefusedError,
  NoWayError,
  ProxyError,
} from './errors.ts';
import type { ProxyPolicy, RoutePolicy } from './policy.ts';
import { tunnel } from './proxy.ts';
import { SessionCache } from './session-cache.ts';

export interface ConnectorParts {
  readonly guard: Guard;
  readonly names: Pick<Names, 'resolve'>;
  readonly route: RoutePolicy;
}

/** Told once: what went wrong, or the socket, ready for a request. */
export type Connected = (error: Error | null, socket: Socket | TLSSocket | null) => void;

export class Connector {
  readonly #parts: ConnectorParts;
  readonly #sessions = new SessionCache();
  #secureContext: SecureContext | null = null;

  constructor(parts: ConnectorParts) {
    this.#parts = parts;
  }

  /** Connects within `timeoutMs`. Answers a function that gives it up. */
  connect(target: Target, timeoutMs: number, connected: Connected): () => void {
    const giveUp = new AbortController();
    const { proxy } = this.#parts.route;
    const by = proxy === undefined ? '' : ` by way of the proxy ${proxy.host}:${proxy.port}`;
    const late = () => giveUp.abort(new ConnectTimeoutError(`no connection within ${timeoutMs} ms${by}`));
    const deadline = setTimeout(late, timeoutMs);
    this.#open(target, giveUp.signal).then(
      (socket) => {
        clearTimeout(deadline);
        connected(null, socket);
      },
      (error: Error) => {
        clearTimeout(deadline);
        connected(error, null);
      },
    );
    return () => giveUp.abort(new Error('the connection is not needed any more'));
  }

  async #open(target: Target, signal: AbortSignal): Promise<Socket | TLSSocket> {
    const { proxy, sourceAddress } = this.#parts.route;
    const addresses = await raceWith(signal, this.#addressesOf(target));
    const socket =
      proxy === undefined
        ? await dial({ addresses, port: target.port, localAddress: sourceAddress }, signal)
        : await this.#throughProxy(proxy, addresses[0]!, target, signal);
    if (proxy === undefined) this.#lookAtPeer(target, socket);
    return target.scheme === 'https' ? this.#secure(target, socket, signal) : socket;
  }

  /** The addresses of a target, each of them vetted: one that is refused refuses all. */
  async #addressesOf({ host, isAddress }: Target): Promise<readonly string[]> {
    const { guard, names, route } = this.#parts;
    const addresses = isAddress ? [host] : await names.resolve(host);
    const refusal = guard.judgeAddresses(host, addresses);
    if (refusal !== null) throw new EgressRefusedError(refusal);
    if (route.sourceAddress === undefined || route.proxy !== undefined) return addresses;
    const reachable = ofSameFamily(addresses, route.sourceAddress);
    if (reachable.length > 0) return reachable;
    throw new NoWayError(`${host} has no address that ${route.sourceAddress} could connect to`);
  }

  /** A last look at who really answered, in case the system dialled something else than what it was told to. */
  #lookAtPeer({ host }: Target, socket: Socket): void {
    const peer = socket.remoteAddress;
    // A receiver that has reset the connection already has no address any more.
    if (peer === undefined) throw new ClosedEarlyError('the connection was closed as soon as it stood');
    const refusal = this.#parts.guard.judgeAddress(host, peer);
    if (refusal === null) return;
    socket.destroy();
    throw new EgressRefusedError(refusal);
  }

  /** A proxy that cannot be reached is a fault of this side; one that is slow with the tunnel is waiting for the receiver. */
  async #throughProxy(
    proxy: ProxyPolicy,
    address: string,
    target: Target,
    signal: AbortSignal,
  ): Promise<Socket | TLSSocket> {
    const socket = await this.#reach(proxy, signal).catch((error: Error) => {
      const { host, port } = proxy;
      if (ownFaultOf(error) !== null) throw error;
      throw new ProxyError(
        `the proxy ${host}:${port} cannot be reached: ${error.message || errorCode(error)}`,
        {
          cause: error,
        },
      );
    });
    return tunnel(socket, address, target.port, proxy.authorization, signal);
  }

  async #reach({ host, port, tls }: ProxyPolicy, signal: AbortSignal): Promise<Socket | TLSSocket> {
    const { names, route } = this.#parts;
    const isAddress = isIP(host) !== 0;
    const addresses = isAddress ? [host] : await raceWith(signal, names.resolve(host));
    const socket = await dial({ addresses, port, localAddress: route.sourceAddress }, signal);
    if (!tls) return socket;
    const servername = isAddress ? '' : host;
    return handshake(connectTls({ socket, host, servername, minVersion: TLS_FLOOR }), signal);
  }

  #secure(
    { host, isAddress, port }: Target,
    socket: Socket | TLSSocket,
    signal: AbortSignal,
  ): Promise<TLSSocket> {
    const key = `${host}:${port}`;
    const session = this.#sessions.get(key);
    const secured = connectTls({
      socket,
      // An address is no name to ask for (RFC 6066 §3); the certificate is checked against `host` all the same.
      ...(isAddress ? { host } : { servername: host }),
      ALPNProtocols: this.#parts.route.http2 === true ? ['h2', 'http/1.1'] : ['http/1.1'],
      secureContext: this.#context(),
      ...(session === undefined ? {} : { session }),
    });
    secured.on('session', (fresh: Buffer) => this.#sessions.set(key, fresh));
    return handshake(secured, signal).catch((error) => {
      // It may be the session that the receiver stumbles over.
      this.#sessions.delete(key);
      throw error;
    });
  }

  /** The keys and authorities of the route, read once. */
  #context(): SecureContext {
    const { clientCertificate, clientKey, ca } = this.#parts.route;
    this.#secureContext ??= createSecureContext({
      minVersion: TLS_FLOOR,
      ...(clientCertificate === undefined ? {} : { cert: clientCertificate, key: clientKey }),
      ...(ca === undefined ? {} : { ca }),
    });
    return this.#secureContext;
  }
}

/** The oldest TLS that is spoken (REQUIREMENTS D1). */
const TLS_FLOOR = 'TLSv1.2';

/** Resolves when the handshake is done; rejects with its error, or with the signal's reason. The socket is gone then. */
function handshake(socket: TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const onAbort = () => socket.destroy(signal.reason as Error);
    const settle = (error?: Error) => {
      signal.removeEventListener('abort', onAbort);
      if (error === undefined) resolve(socket);
      else reject(error);
    };
    socket.once('secureConnect', () => settle());
    // Stays on the socket: an error without a listener would end the thread.
    socket.on('error', settle);
    socket.once('close', () =>
      settle(new ClosedEarlyError('the connection was closed during the TLS handshake')),
    );
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
}

/** The promise's result, or the signal's reason if that comes first. */
function raceWith<Result>(signal: AbortSignal, promise: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
