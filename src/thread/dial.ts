/**
 * A TCP connection to one of several addresses (Happy Eyeballs, RFC 8305 §5): each next one is tried when the one before
 * has failed or has been silent for a while, and the first that connects is taken. Not Node's `autoSelectFamily`, which
 * gives up an address when it turns to the next, so that one lost packet or a long way fails them all.
 */
import { connect, isIPv4, isIPv6, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { errorCode } from '../errors.ts';
import { NoWayError } from './errors.ts';

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
export function dial(
  { addresses: given, port, localAddress }: Dialled,
  signal: AbortSignal,
): Promise<Socket> {
  const addresses = alternating(given);
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
      errors.push(told(error, host));
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

/** The families in turn, beginning with that of the first address (RFC 8305 §4). */
function alternating(addresses: readonly string[]): readonly string[] {
  if (addresses.length < 3) return addresses;
  const first = ofSameFamily(addresses, addresses[0]!);
  const second = addresses.filter((address) => !first.includes(address));
  return addresses.flatMap((_, turn) => [...first.slice(turn, turn + 1), ...second.slice(turn, turn + 1)]);
}

/** Without IPv6 its addresses are met with the code that otherwise says that no local port is left. */
function told(error: Error, address: string): Error {
  const { syscall } = error as NodeJS.ErrnoException;
  if (errorCode(error) !== 'EADDRNOTAVAIL' || syscall === 'bind' || !isIPv6(address) || hasIPv6())
    return error;
  return new NoWayError(`this machine has no IPv6, to connect to ${address} with`);
}

/** Whether this machine has an IPv6 address to connect to others from. */
function hasIPv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.some(({ family, address }) => family === 'IPv6' && !NOT_FAR.test(address));
}

/** Loopback and link-local addresses. */
const NOT_FAR = /^(?:::1$|fe80:)/;

/** Codes that say only that this machine has no way to an address of that family. */
const NO_WAY = new Set(['ENETUNREACH', 'EHOSTUNREACH', 'EAFNOSUPPORT']);

/** The first error that says something of the receiver, or else the first. */
function mostTelling(errors: readonly Error[]): Error {
  return errors.find((each) => !NO_WAY.has(errorCode(each))) ?? errors[0]!;
}

/** Those of the addresses that are of the same family as `like`. */
export function ofSameFamily(addresses: readonly string[], like: string): readonly string[] {
  return addresses.filter((address) => isIPv4(address) === isIPv4(like));
}
