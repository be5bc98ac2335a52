/** What an attempt's error means, by its code. */
import { isIPv6 } from 'node:net';
import type { Outcome } from '../delivery/outcome.ts';
import { errorCode } from '../errors.ts';
import { NAME_SERVERS_DOWN, NAME_UNRESOLVED } from '../guard/names.ts';
import { EGRESS_REFUSED } from './connector.ts';
import { ENCRYPTION_FAILED } from './encrypt.ts';
import { PROXY_FAILED } from './proxy.ts';

/** `sent`: whether the request had begun to leave when the error came. The error's text is only carried along. */
export function outcomeOfError(error: Error, sent: boolean): Outcome {
  const code = errorCode(error);
  const text = error.message === '' ? code : error.message;
  switch (code) {
    case EGRESS_REFUSED:
      return { kind: 'refused', reason: 'url-refused', detail: text };
    case 'EMFILE':
    case 'ENFILE':
      return { kind: 'local-fault', code: 'no-fd', error: text };
    case 'EADDRNOTAVAIL':
      // Where this machine has no IPv6, its addresses are met with the same code.
      if (isIPv6(String((error as { address?: unknown }).address))) return unreachable(code, text);
      return { kind: 'local-fault', code: 'no-port', error: text };
    case 'ENOMEM':
    case 'ENOBUFS':
      return { kind: 'local-fault', code: 'no-memory', error: text };
    case NAME_SERVERS_DOWN:
      return { kind: 'local-fault', code: 'dns-down', error: text };
    case PROXY_FAILED:
      return { kind: 'local-fault', code: 'proxy', error: text };
    case ENCRYPTION_FAILED:
      return { kind: 'local-fault', code: 'encryption', error: text };
    default:
      return sent ? broken(code, text) : unreachable(code, text);
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
