/** A tunnel through an HTTP proxy (CONNECT, RFC 9110 §9.3.6). */
import { isIPv6, type Socket } from 'node:net';

/** The proxy is not there, or does not do what it is for: a fault of this side. */
export const PROXY_FAILED = 'VOLLEY_PROXY_FAILED';
/** The proxy says that it cannot reach the receiver. */
export const PROXY_UNREACHED = 'VOLLEY_PROXY_UNREACHED';

export class ProxyError extends Error {
  readonly code: typeof PROXY_FAILED | typeof PROXY_UNREACHED;

  constructor(message: string, cause?: unknown, code: ProxyError['code'] = PROXY_FAILED) {
    super(message, { cause });
    this.code = code;
  }
}

/** Longest head of a proxy's answer that is read, in bytes. */
const MAX_HEAD_BYTES = 16_384;
const HEAD_END = '\r\n\r\n';
/** Statuses by which a proxy says that the receiver is what failed (RFC 9110 §15.6.3, §15.6.5, and 503 as squid uses it). */
const RECEIVER_FAILED: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * Asks the proxy at the other end of `socket` for a tunnel to a vetted address; resolves with the socket when it stands.
 * Rejects with ProxyError, or with the signal's reason. The socket is closed when it fails.
 */
export function tunnel<Connection extends Socket>(
  socket: Connection,
  address: string,
  port: number,
  authorization: string | null,
  signal: AbortSignal,
): Promise<Connection> {
  const authority = `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  let head = '';
  const onReadable = () => {
    // Read by hand, so that what follows the head stays in the socket.
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      const before = head.length;
      head += chunk.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end === -1 && head.length <= MAX_HEAD_BYTES) continue;
      const rest = end === -1 ? null : chunk.subarray(end + HEAD_END.length - before);
      settle(faultOf(head.slice(0, end === -1 ? 0 : end)));
      if (rest !== null && rest.length > 0) socket.unshift(rest);
      return;
    }
  };
  const onEnd = () => settle(new ProxyError('the proxy closed the connection instead of answering'));
  const onError = (error: Error) =>
    settle(new ProxyError(`the proxy's connection failed: ${error.message}`, error));
  const onAbort = () => settle(signal.reason as Error);
  const settle = (error: Error | null) => {
    socket.off('readable', onReadable).off('end', onEnd).off('error', onError);
    signal.removeEventListener('abort', onAbort);
    if (error === null) return resolve(socket);
    socket.destroy();
    reject(error);
  };
  socket.on('readable', onReadable).on('end', onEnd).on('error', onError);
  signal.addEventListener('abort', onAbort);
  const credentials = authorization === null ? '' : `proxy-authorization: ${authorization}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`);
  if (signal.aborted) onAbort();
  return promise;
}

function faultOf(head: string): ProxyError | null {
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
  if (status >= 200 && status < 300) return null;
  if (Number.isNaN(status)) return new ProxyError('the proxy does not answer in HTTP');
  if (status === 407)
    return new ProxyError(
      'the proxy wants credentials (407): put them in its URL, http://USER:PASSWORD@HOST:PORT',
    );
  if (RECEIVER_FAILED.has(status))
    return new ProxyError(`the proxy cannot reach the receiver (${status})`, undefined, PROXY_UNREACHED);
  return new ProxyError(`the proxy refuses the tunnel (${status})`);
}
