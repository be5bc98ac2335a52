/**
 * A TCP connection to one of several addresses (Happy Eyeballs, RFC 8305 §5): each next one is tried when the one before
 * has failed or has been silent for a while, and the first that connects is taken. Not Node's `autoSelectFamily`, which
 * gives up an address when it turns to the next, so that one lost packet or a long way fails them all.
 */
import { connect, isIPv4, type Socket } from 'node:net';
import { errorCode } from '../errors.ts';

/** How long an address is waited for before the next one is tried beside it, in milliseconds (RFC 8305 §5: 250). */
const NEXT_ADDRESS_MS = 250;
/** When an idle peer is first asked whether it is still there, in milliseconds. */
const TCP_KEEPALIVE_MS = 60_000;

export interface Dialled {
  /** Vetted; at least one. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** The address to connect from; the system's choice when undefined. */
  readonly localAddress: string | undefined;
}

/** Resolves with a connected socket. Rejects with the most telling error, or with the signal's reason. */
export function dial({ addresses, port, localAddress }: Dialled, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const sockets: Socket[] = [];
  const errors: Error[] = [];
  let next: NodeJS.Timeout | undefined;
  let over = false;
  const end = (connected: Socket | null) => {
    over = true;
    clearTimeout(next);
    signal.removeEventListener('abort', onAbort);
    for (const socket of sockets) if (socket !== connected) socket.destroy();
  };
  const onAbort = () => {
    end(null);
    reject(signal.reason as Error);
  };
  const tryNext = () => {
    clearTimeout(next);
    const host = addresses[sockets.length];
    if (host === undefined) return;
    const socket = connect({
      host,
      port,
      ...(localAddress === undefined ? {} : { localAddress }),
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEPALIVE_MS,
    });
    sockets.push(socket);
    socket.once('connect', () => {
      if (over) return;
      end(socket);
      resolve(socket);
    });
    // Stays on the socket: an error without a listener would end the thread.
    socket.on('error', (error) => {
      if (over) return;
      errors.push(error);
      if (errors.length < addresses.length) return tryNext();
      end(null);
      reject(mostTelling(errors));
    });
    next = setTimeout(tryNext, NEXT_ADDRESS_MS);
  };
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  else tryNext();
  return promise;
}

/** Codes that say only that this machine has no way to an address of that family. */
const NO_WAY = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** The first error that says something of the receiver, or else the first. */
function mostTelling(errors: readonly Error[]): Error {
  return errors.find((each) => !NO_WAY.has(errorCode(each))) ?? errors[0]!;
}

/** Those of the addresses that are of the same family as `like`. */
export function ofSameFamily(addresses: readonly string[], like: string): readonly string[] {
  return addresses.filter((address) => isIPv4(address) === isIPv4(like));
}
