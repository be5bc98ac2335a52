/** A tunnel through an HTTP proxy (CONNECT, RFC 9110 §9.3.6). */
import { isIPv6, type Socket } from 'node:net';
import { NoTunnelError, ProxyError } from './errors.ts';

/** Longest head of a proxy's answer that is read, in bytes. */
const MAX_HEAD_BYTES = 16_384;
const HEAD_END = '\r\n\r\n';
/** Neither HTTP nor TLS is spoken first by who answers. */
const SPEAKS_FIRST = 'something came through the tunnel before anything was asked';
/**
 * Asks the proxy at the other end of `socket` for a tunnel to a vetted address; resolves with the socket when it stands.
 * Rejects with ProxyError, with NoTunnelError, or with the signal's reason. The socket is closed when it fails.
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
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      const before = head.length;
      head += chunk.toString('latin1');
      const end = head.indexOf(HEAD_END);
      if (end === -1 && head.length <= MAX_HEAD_BYTES) continue;
      const isRest = end !== -1 && end + HEAD_END.length - before < chunk.length;
      settle(
        faultOf(head.slice(0, end === -1 ? 0 : end)) ?? (isRest ? new NoTunnelError(SPEAKS_FIRST) : null),
      );
      return;
    }
  };
  const onEnd = () => settle(new ProxyError('the proxy closed the connection instead of answering'));
  const onError = (error: Error) =>
    settle(new ProxyError(`the proxy's connection failed: ${error.message}`, { cause: error }));
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

function faultOf(head: string): Error | null {
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |\r|$)/.exec(head)?.[1]);
  if (status >= 200 && status < 300) return null;
  if (Number.isNaN(status)) return new ProxyError('the proxy does not answer in HTTP');
  if (status === 407)
    return new ProxyError(
      'the proxy wants other credentials, or any (407): put them in its URL, http://USER:PASSWORD@HOST:PORT',
    );
  return new NoTunnelError(`the proxy makes no tunnel to the receiver (${status})`);
}
