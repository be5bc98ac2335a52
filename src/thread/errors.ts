/** What goes wrong in this room beside what Node and undici report, each with a code to be judged by. */
import type { Refusal } from '../guard/guard.ts';

/** An address may not be reached. */
export const EGRESS_REFUSED = 'VOLLEY_EGRESS_REFUSED';
/** The proxy is not there, or does not do what it is for. */
export const PROXY_FAILED = 'VOLLEY_PROXY_FAILED';
/** A body cannot be encrypted. */
export const ENCRYPTION_FAILED = 'VOLLEY_ENCRYPTION_FAILED';

export class EgressRefusedError extends Error {
  readonly code = EGRESS_REFUSED;

  constructor(refusal: Refusal) {
    super(refusal.detail);
  }
}

/** undici's own code, as it means the same. */
export class ConnectTimeoutError extends Error {
  readonly code = 'UND_ERR_CONNECT_TIMEOUT';
}

/** A connection was closed by the other end before it was ready. */
export class ClosedEarlyError extends Error {
  readonly code = 'ECONNRESET';
}

/** A receiver has no address of the family that is connected from. */
export class NoWayError extends Error {
  readonly code = 'EAFNOSUPPORT';
}

export class ProxyError extends Error {
  readonly code = PROXY_FAILED;
}

/** The proxy works, and does not make a tunnel to this receiver. */
export class NoTunnelError extends Error {
  readonly code = 'VOLLEY_NO_TUNNEL';
}

export class EncryptionError extends Error {
  readonly code = ENCRYPTION_FAILED;

  constructor(cause: Error) {
    super(`the body cannot be encrypted with the destination's encryption-key: ${cause.message}`, { cause });
  }
}
