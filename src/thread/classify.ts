/** What an attempt's error means, by its code. */
import type { LocalCode, Outcome } from '../delivery/outcome.ts';
import { errorCode } from '../errors.ts';
import { NAME_SERVERS_DOWN, NAME_UNRESOLVED } from '../guard/names.ts';
import { EGRESS_REFUSED, ENCRYPTION_FAILED, PROXY_FAILED } from './errors.ts';

/** `sent`: whether the request had begun to leave when the error came. The error's text is only carried along. */
export function outcomeOfError(error: Error, sent: boolean): Outcome {
  const code = errorCode(error);
  const message = error.message.replace(OPENSSL_FRAME, '').trim();
  const text = message === '' ? code : message;
  if (code === EGRESS_REFUSED) return { kind: 'refused', reason: 'url-refused', detail: text };
  const own = ownFaultOf(error);
  if (own !== null) return { kind: 'local-fault', code: own, error: text };
  return sent ? broken(code, text) : unreachable(code, text);
}

/** The number of a thread that OpenSSL's texts begin with: no two errors would be alike. */
const OPENSSL_FRAME = /^[0-9A-F]+:(?=error:)/;

/** The fault of this side that an error tells of; null where it tells of none. */
export function ownFaultOf(error: Error): LocalCode | null {
  switch (errorCode(error)) {
    case 'EMFILE':
    case 'ENFILE':
      return 'no-fd';
    case 'EADDRNOTAVAIL':
      return (error as NodeJS.ErrnoException).syscall === 'bind' ? 'no-source-address' : 'no-port';
    case 'EADDRINUSE':
      // With a source address given, this is how the system says that it has no port left for it.
      return 'no-port';
    case 'ENOMEM':
    case 'ENOBUFS':
      return 'no-memory';
    case NAME_SERVERS_DOWN:
      return 'dns-down';
    case PROXY_FAILED:
      return 'proxy';
    case ENCRYPTION_FAILED:
      return 'encryption';
    default:
      return null;
  }
}

function unreachable(code: string, error: string): Outcome {
  switch (code) {
    case 'ECONNREFUSED':
      return { kind: 'unreachable', code: 'connect-refused', error };
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return { kind: 'unreachable', code: 'connect-timeout', error };
    case NAME_UNRESOLVED:
      return { kind: 'unreachable', code: 'dns', error };
    default:
      return { kind: 'unreachable', code: TLS_CODE.test(code) ? 'tls' : 'connect-failed', error };
  }
}

/** OpenSSL's and Node's codes for a handshake or certificate that is not accepted. */
const TLS_CODE =
  /^(ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_)/;

function broken(code: string, error: string): Outcome {
  switch (code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ECONNABORTED':
      return { kind: 'broken', code: 'reset', error };
    case 'HTTPParserError':
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return { kind: 'broken', code: 'malformed-response', error };
    default:
      return { kind: 'broken', code: code.startsWith('HPE_') ? 'malformed-response' : 'closed', error };
  }
}
