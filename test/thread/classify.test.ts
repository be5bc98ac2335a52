import { equal } from 'node:assert/strict';
import test from 'node:test';
import { outcomeOfError } from '../../src/thread/classify.ts';

const withCode = (code: string) => Object.assign(new Error('the text says nothing'), { code });

/** Codes, and what they mean before and after the request has left. */
const MEANINGS: readonly [code: string, before: string, after: string][] = [
  ['ECONNREFUSED', 'unreachable connect-refused', 'broken closed'],
  ['ECONNRESET', 'unreachable connect-failed', 'broken reset'],
  ['EPIPE', 'unreachable connect-failed', 'broken reset'],
  ['EHOSTUNREACH', 'unreachable connect-failed', 'broken closed'],
  ['ENETUNREACH', 'unreachable connect-failed', 'broken closed'],
  ['ETIMEDOUT', 'unreachable connect-timeout', 'broken closed'],
  ['UND_ERR_CONNECT_TIMEOUT', 'unreachable connect-timeout', 'broken closed'],
  ['UND_ERR_SOCKET', 'unreachable connect-failed', 'broken closed'],
  ['VOLLEY_NAME_UNRESOLVED', 'unreachable dns', 'broken closed'],
  ['VOLLEY_NAME_SERVERS_DOWN', 'local-fault dns-down', 'local-fault dns-down'],
  ['VOLLEY_PROXY_FAILED', 'local-fault proxy', 'local-fault proxy'],
  ['VOLLEY_NO_TUNNEL', 'unreachable connect-failed', 'broken closed'],
  ['VOLLEY_ENCRYPTION_FAILED', 'local-fault encryption', 'local-fault encryption'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unreachable tls', 'broken closed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'unreachable tls', 'broken closed'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unreachable tls', 'broken closed'],
  ['CERT_HAS_EXPIRED', 'unreachable tls', 'broken closed'],
  ['CERT_NOT_YET_VALID', 'unreachable tls', 'broken closed'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'unreachable tls', 'broken closed'],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'unreachable tls', 'broken closed'],
  ['HPE_INVALID_CONSTANT', 'unreachable connect-failed', 'broken malformed-response'],
  ['UND_ERR_HEADERS_OVERFLOW', 'unreachable connect-failed', 'broken malformed-response'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'unreachable connect-failed', 'broken malformed-response'],
  ['EMFILE', 'local-fault no-fd', 'local-fault no-fd'],
  ['ENFILE', 'local-fault no-fd', 'local-fault no-fd'],
  ['EADDRNOTAVAIL', 'local-fault no-port', 'local-fault no-port'],
  ['EADDRINUSE', 'local-fault no-port', 'local-fault no-port'],
  ['ENOBUFS', 'local-fault no-memory', 'local-fault no-memory'],
];

for (const [code, before, after] of MEANINGS) {
  test(`${code} means ${before} before the request has left, and ${after} afterwards`, () => {
    for (const [sent, meaning] of [
      [false, before],
      [true, after],
    ] as const) {
      const outcome = outcomeOfError(withCode(code), sent);
      equal(`${outcome.kind} ${'code' in outcome ? outcome.code : ''}`, meaning);
    }
  });
}

test('an address that may not be reached refuses the delivery, and an error without a code goes by its name', () => {
  const refused = outcomeOfError(withCode('VOLLEY_EGRESS_REFUSED'), false);
  equal(refused.kind === 'refused' && refused.reason, 'url-refused');
  const parser = Object.assign(new Error(''), { name: 'HTTPParserError' });
  const outcome = outcomeOfError(parser, true);
  equal(outcome.kind === 'broken' && outcome.code, 'malformed-response');
  equal(outcome.kind === 'broken' && outcome.error, 'HTTPParserError');
});
