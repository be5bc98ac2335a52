/**
 * Makes connections: name → vetted addresses → TCP (by way of a proxy where there is one) → peer looked at again → TLS.
 *
 * One connector serves all hosts of a route, so that what it has learnt of them (TLS sessions) outlives a socket. The
 * guard sits here and not in front: only here is it known which address is dialled.
 */
import { connect as connectTcp, isIP, isIPv4, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { errorCode } from '../errors.ts';
import type { Guard, Refusal, Target } from '../guard/guard.ts';
import type { Names } from '../guard/names.ts';
import type { ProxyPolicy, RoutePolicy } from './policy.ts';
import { ProxyError, tunnel } from './proxy.ts';
import { SessionCache } from './session-cache.ts';

/** The code of the error that a refused address is reported with. */
export const EGRESS_REFUSED = 'VOLLEY_EGRESS_REFUSED';

export class EgressRefusedError extends Error {
  readonly code = EGRESS_REFUSED;

  constructor(refusal: Refusal) {
    super(refusal.detail);
  }
}

/** The code of the error when a connection takes too long; undici's own, as it means the same. */
const CONNECT_TIMEOUT = 'UND_ERR_CONNECT_TIMEOUT';

class ConnectTimeoutError extends Error {
  readonly code = CONNECT_TIMEOUT;
}

/** How long one address is tried before the next one is tried too, in milliseconds (RFC 8305 §5: 250). */
const ADDRESS_ATTEMPT_MS = 250;
/** When an idle peer is first asked whether it is still there, in milliseconds. */
const TCP_KEEPALIVE_MS = 60_000;

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
    const late = () => giveUp.abort(new ConnectTimeoutError(`no connection within ${timeoutMs} ms`));
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
        ? await dial(addresses, target.port, sourceAddress, signal)
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
    const sameFamily = isIPv4(route.sourceAddress) ? isIPv4 : isIPv6;
    const reachable = addresses.filter((address) => sameFamily(address));
    if (reachable.length > 0) return reachable;
    throw Object.assign(new Error(`${host} has no address that ${route.sourceAddress} could connect to`), {
      code: 'EAFNOSUPPORT',
    });
  }

  /** A last look at who really answered, in case the system dialled something else than what it was told to. */
  #lookAtPeer({ host }: Target, socket: Socket): void {
    const refusal = this.#parts.guard.judgeAddress(host, socket.remoteAddress ?? '');
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
    const socket = await this.#reach(proxy, signal).catch((error: unknown) => {
      const { host, port } = proxy;
      throw new ProxyError(`the proxy ${host}:${port} cannot be reached: ${errorCode(error)}`, error);
    });
    return tunnel(socket, address, target.port, proxy.authorization, signal);
  }

  async #reach({ host, port, tls }: ProxyPolicy, signal: AbortSignal): Promise<Socket | TLSSocket> {
    const { names, route } = this.#parts;
    const isAddress = isIP(host) !== 0;
    const addresses = isAddress ? [host] : await raceWith(signal, names.resolve(host));
    const socket = await dial(addresses, port, route.sourceAddress, signal);
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

/** A TCP connection to the first of the addresses that takes one; each next one is tried after ADDRESS_ATTEMPT_MS. */
async function dial(
  addresses: readonly string[],
  port: number,
  localAddress: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const found = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const socket = connectTcp({
    port,
    ...(found.length === 1
      ? { host: found[0]!.address }
      : {
          host: 'vetted',
          lookup: (_host, _options, callback) => callback(null, found),
          autoSelectFamily: true,
          autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
        }),
    ...(localAddress === undefined ? {} : { localAddress }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEPALIVE_MS,
  });
  try {
    await happens('connect', socket, signal);
    return socket;
  } catch (error) {
    throw mostTelling(error as Error);
  }
}

async function handshake(socket: TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
  await happens('secureConnect', socket, signal);
  return socket;
}

/** Resolves at the socket's event; rejects with its error, or with the signal's reason and then the socket is gone. */
function happens(event: 'connect' | 'secureConnect', socket: Socket, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => socket.destroy(signal.reason as Error);
    const settle = (error?: Error) => {
      signal.removeEventListener('abort', abort);
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.once(event, () => settle());
    // Stays on the socket: an error without a listener would end the thread.
    socket.on('error', settle);
    socket.once('close', () => settle(new Error('the connection was closed while it was made')));
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
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

/** Codes that say only that this machine has no way to an address of that family. */
const NO_WAY = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Of the errors of several addresses, the first that says something of the receiver; the error itself where it is one. */
function mostTelling(error: Error): Error {
  if (!(error instanceof AggregateError)) return error;
  const errors = error.errors as Error[];
  return errors.find((each) => !NO_WAY.has(errorCode(each))) ?? errors[0] ?? error;
}
