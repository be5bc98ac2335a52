/**
 * Reads what checks judge of a receiver: four connections and two HEAD requests, which by HTTP's rules change nothing
 * (RFC 9110 §9.2.1) and are not signed. The second has headers of several packets' length, as a body would be a delivery.
 */
import { request } from 'node:http';
import type { Socket } from 'node:net';
import {
  connect as connectTls,
  type DetailedPeerCertificate,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls';
import { errorCode } from '../../errors.ts';
import { checkWith } from '../../guard/check-url.ts';
import type { Guard, Target } from '../../guard/guard.ts';
import type { Names } from '../../guard/names.ts';
import { awaited, mapped, type Reading } from '../../host/reading.ts';
import { dial } from '../../thread/dial.ts';
import { ClosedEarlyError } from '../../thread/errors.ts';
import type { RoutePolicy } from '../../thread/policy.ts';
import type { AnswerFacts, TargetContact, TargetFacts, TlsFacts } from '../facts.ts';

/** Lines and bytes of the large request's headers: more than four packets of 1500 bytes, and within what common servers take (8 KiB). */
const PADDING_LINES = 6;
const PADDING_BYTES = 1_000;
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[];
/** Certificates of a chain that are looked at: real ones have up to four, and one may be made to go in circles. */
const MAX_CHAIN = 8;

export interface TargetParts {
  readonly guard: Guard;
  readonly names: Pick<Names, 'resolve'>;
  /** How long a connection, TLS included, and how long an answer may take, in milliseconds. */
  readonly timeouts: { readonly connectMs: number; readonly readMs: number };
  readonly userAgent: string;
  /** How connections to it are made; a proxy is told of, and not gone through. */
  readonly route: RoutePolicy;
  /** Where the config file says so, `FILE:LINE:COLUMN`; null where it says nothing of this receiver. */
  readonly settings: string | null;
}

export async function readTarget(url: string, parts: TargetParts): Promise<TargetFacts> {
  const judged = parts.guard.judgeUrl(url);
  const guard = await checkWith(parts.guard, url, (host) => parts.names.resolve(host));
  const { settings, route } = parts;
  const proxy = route.proxy === undefined ? null : `${route.proxy.host}:${route.proxy.port}`;
  const isCalled = guard.allowed && judged.kind !== 'refused' && proxy === null;
  const contact = isCalled ? await contactOf(new Receiver(url, judged, parts)) : null;
  return { url, guard, settings, proxy, contact };
}

async function contactOf(receiver: Receiver): Promise<TargetContact> {
  const first = await receiver.open();
  // At once: whoever wants a client certificate, or closes what is idle, does so while other things are looked at.
  const small = await receiver.ask(first.socket, {});
  const versions = receiver.isSecure ? await receiver.versions() : [];
  const padding = Object.fromEntries(
    Array.from({ length: PADDING_LINES }, (_, i) => [
      `x-volley-doctor-padding-${i}`,
      'x'.repeat(PADDING_BYTES),
    ]),
  );
  const large = 'unread' in small ? null : await receiver.ask((await receiver.open()).socket, padding);
  return { connection: first.connection, tls: first.tls, versions, small, large };
}

interface Opened {
  readonly connection: TargetContact['connection'];
  readonly tls: Reading<TlsFacts> | null;
  /** Ready for a request. */
  readonly socket: Reading<Socket | TLSSocket>;
}

class Receiver {
  readonly #url: string;
  readonly #target: Target;
  readonly #parts: TargetParts;

  constructor(url: string, target: Target, parts: TargetParts) {
    this.#url = url;
    this.#target = target;
    this.#parts = parts;
  }

  get isSecure(): boolean {
    return this.#target.scheme === 'https';
  }

  async open(): Promise<Opened> {
    const startMs = performance.now();
    const socket = await this.#dial();
    const connection = mapped(socket, ({ remoteAddress }) => ({
      address: `${remoteAddress}`,
      ms: performance.now() - startMs,
    }));
    if (!this.isSecure) return { connection, tls: null, socket };
    const handshakeMs = performance.now();
    const secured = 'unread' in socket ? socket : await this.#secure(socket.value);
    const tls = mapped(secured, (each) => tlsFacts(each, performance.now() - handshakeMs));
    return { connection, tls, socket: secured };
  }

  /** Whether it takes a handshake by each version, and by that alone. */
  async versions(): Promise<TargetContact['versions']> {
    const taken: { version: string; error: string | null }[] = [];
    for (const version of VERSIONS) {
      const socket = await this.#dial();
      const secured = 'unread' in socket ? socket : await this.#secure(socket.value, version);
      if (!('unread' in secured)) secured.value.destroy();
      taken.push({ version, error: 'unread' in secured ? secured.unread : null });
    }
    return taken;
  }

  /** The answer to a HEAD request on this socket, which is closed then. */
  async ask(
    socket: Reading<Socket>,
    headers: Readonly<Record<string, string>>,
  ): Promise<Reading<AnswerFacts>> {
    return 'unread' in socket
      ? socket
      : reading(`no answer from ${this.#target.host}`, () => this.#head(socket.value, headers));
  }

  #head(socket: Socket, headers: Readonly<Record<string, string>>): Promise<AnswerFacts> {
    const { pathname, search, host } = new URL(this.#url);
    const startMs = performance.now();
    return new Promise((resolve, reject) => {
      // Node's client tells nothing of a socket that is closed already.
      const onClose = () => reject(socket.errored ?? new ClosedEarlyError('closed without an answer'));
      if (socket.destroyed) return onClose();
      socket.once('close', onClose);
      const asked = request({
        method: 'HEAD',
        path: `${pathname}${search}`,
        headers: { host, 'user-agent': this.#parts.userAgent, connection: 'close', ...headers },
        createConnection: () => socket,
        signal: AbortSignal.timeout(this.#parts.timeouts.readMs),
      });
      asked.on('error', (error) => {
        socket.destroy();
        reject(error);
      });
      asked.on('response', (response) => {
        const dateMs = Date.parse(response.headers.date ?? '');
        // `Date` is cut to whole seconds: its middle is the best guess.
        const aheadMs = Number.isNaN(dateMs) ? null : Date.now() - (dateMs + 500);
        resolve({ status: response.statusCode ?? 0, ms: performance.now() - startMs, aheadMs });
        response.resume();
        socket.destroy();
      });
      asked.end();
    });
  }

  #dial(): Promise<Reading<Socket>> {
    const { host, port, isAddress } = this.#target;
    return reading(`no connection to ${host}:${port}`, async () => {
      const { guard, names, timeouts } = this.#parts;
      const addresses = isAddress ? [host] : await names.resolve(host);
      // The name may have changed since it was checked.
      const refusal = guard.judgeAddresses(host, addresses);
      if (refusal !== null) throw new Error(refusal.detail);
      const localAddress = this.#parts.route.sourceAddress;
      return dial({ addresses, port, localAddress }, AbortSignal.timeout(timeouts.connectMs));
    });
  }

  #secure(socket: Socket, version?: SecureVersion): Promise<Reading<TLSSocket>> {
    const { host, isAddress } = this.#target;
    const { ca, clientCertificate: cert, clientKey: key } = this.#parts.route;
    return reading(`no TLS with ${host}`, () => {
      const secured = connectTls({
        socket,
        ...(isAddress ? { host } : { servername: host }),
        minVersion: version ?? 'TLSv1.2',
        ...(version === undefined ? {} : { maxVersion: version }),
        ...(ca === undefined ? {} : { ca }),
        ...(cert === undefined ? {} : { cert, key }),
        ALPNProtocols: ['http/1.1'],
        // Looked at whole, and judged afterwards: a connection that is refused tells less.
        rejectUnauthorized: false,
      });
      const signal = AbortSignal.timeout(this.#parts.timeouts.connectMs);
      return new Promise<TLSSocket>((resolve, reject) => {
        const end = (error: Error) => {
          secured.destroy();
          reject(error);
        };
        signal.addEventListener('abort', () => end(signal.reason as Error));
        secured.once('secureConnect', () => resolve(secured));
        secured.on('error', end);
        secured.once('close', () => end(new ClosedEarlyError('closed during the handshake')));
      });
    });
  }
}

function tlsFacts(socket: TLSSocket, handshakeMs: number): TlsFacts {
  const chain: TlsFacts['chain'][number][] = [];
  let certificate: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (certificate?.subject !== undefined && chain.length < MAX_CHAIN) {
    const { CN, O } = certificate.subject;
    chain.push({ subject: String(CN ?? O ?? 'nameless'), validUntilMs: Date.parse(certificate.valid_to) });
    const issuer: DetailedPeerCertificate = certificate.issuerCertificate;
    // A root's issuer is itself.
    certificate = issuer === certificate ? undefined : issuer;
  }
  const distrust: unknown = socket.authorizationError;
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    handshakeMs,
    distrust: socket.authorized ? null : codeOf(distrust),
    chain,
    nowMs: Date.now(),
  };
}

/** Node gives the code itself, or for a wrong name an error with one. */
function codeOf(distrust: unknown): string {
  return typeof distrust === 'string' ? distrust : errorCode(distrust);
}

/** The codes of what was cut short: by a deadline of ours, in the connection or in the request. */
const CUT_SHORT = new Set(['TimeoutError', 'AbortError', 'ABORT_ERR']);

async function reading<Value>(what: string, read: () => Promise<Value>): Promise<Reading<Value>> {
  const result = await awaited(read);
  if (!('unread' in result)) return result;
  const { unread, code } = result;
  return CUT_SHORT.has(code)
    ? { unread: `${what} (ETIMEDOUT): nothing within the time-out`, code: 'ETIMEDOUT' }
    : { unread: `${what} (${code}): ${readable(unread)}`, code };
}

/** One line; of a line of OpenSSL's error queue (ERR_error_string(3)) the reason alone. */
function readable(message: string): string {
  const [, reason] = /:error:\w+:[^:]*:[^:]*:([^:]+):/.exec(message) ?? [];
  return reason ?? message.replaceAll(/\s+/g, ' ');
}
