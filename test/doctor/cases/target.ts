/** Receivers with which not all is well. */
import { atTarget, BARRED, DAY_MS, NOW_MS, TLS, WELL } from '../facts.ts';
import type { Case } from './case.ts';

const tls = (some: object) => atTarget({ tls: { value: { ...TLS, ...some } } });
const until = (ms: number) => ({ chain: [{ subject: 'hooks.example.com', validUntilMs: ms }] });
const answer = (some: object) => atTarget({ small: { value: { status: 200, ms: 3, aheadMs: 0, ...some } } });
const unanswered = { unread: 'no answer from hooks.example.com (ETIMEDOUT)', code: 'ETIMEDOUT' };

export const TARGET_CASES: readonly Case[] = [
  {
    id: 'target-guard',
    status: 'fail',
    facts: {
      ...WELL,
      target: { ...WELL.target!, guard: { allowed: false, reason: 'address: no' }, contact: null },
    },
    says: /nobody was called/,
  },
  {
    id: 'target-guard',
    status: 'fail',
    facts: {
      ...WELL,
      target: { ...WELL.target!, guard: { allowed: false, reason: 'unresolved: none' }, contact: null },
    },
    says: /dig hooks\.example\.com/,
  },
  {
    id: 'target-guard',
    status: 'unread',
    facts: { ...WELL, target: { ...WELL.target!, proxy: '10.0.0.9:3128', contact: null } },
    says: /through the proxy 10\.0\.0\.9:3128: nobody was called.*curl .* -x 10\.0\.0\.9:3128/,
  },
  {
    id: 'target-connection',
    status: 'fail',
    facts: atTarget({ connection: unanswered }),
    says: /egress firewall/,
  },
  {
    id: 'target-connection',
    status: 'warn',
    facts: atTarget({ connection: { value: { address: '203.0.113.42', ms: 1_030 } } }),
    says: /SYN was lost/,
  },
  {
    id: 'target-tls',
    status: 'fail',
    facts: atTarget({ tls: BARRED, versions: [{ version: 'TLSv1.2', error: 'no' }] }),
    says: /TLS 1\.2 or 1\.3/,
  },
  { id: 'target-tls', status: 'warn', facts: atTarget({ tls: null, versions: [] }), says: /http:/ },
  { id: 'target-tls', status: 'warn', facts: tls({ handshakeMs: 1_400 }), says: /--connect-timeout/ },
  {
    id: 'target-tls',
    status: 'ok',
    facts: atTarget({
      versions: [
        { version: 'TLSv1.2', error: null },
        { version: 'TLSv1.3', error: 'no' },
      ],
    }),
    says: /would save a round trip/,
  },
  {
    id: 'target-certificate',
    status: 'fail',
    facts: tls({ ...until(NOW_MS - DAY_MS), distrust: 'CERT_HAS_EXPIRED' }),
    says: /ended on 2026-11-23/,
  },
  { id: 'target-certificate', status: 'warn', facts: tls(until(NOW_MS + 3 * DAY_MS)), says: /ends soon/ },
  {
    id: 'target-certificate',
    status: 'ok',
    facts: tls({ chain: [...TLS.chain, { subject: 'An Old Root', validUntilMs: NOW_MS - DAY_MS }] }),
    says: /, until 2027-01-23 /,
  },
  {
    id: 'target-certificate',
    status: 'fail',
    facts: tls({ distrust: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }),
    says: /intermediate/,
  },
  {
    id: 'target-certificate',
    status: 'fail',
    facts: tls({ distrust: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
    says: /vouches for itself/,
  },
  {
    id: 'target-certificate',
    status: 'fail',
    facts: tls({ distrust: 'ERR_TLS_CERT_ALTNAME_INVALID' }),
    says: /another name/,
  },
  {
    id: 'target-answer',
    status: 'fail',
    facts: atTarget({ small: unanswered, large: null }),
    says: /ETIMEDOUT/,
  },
  { id: 'target-answer', status: 'warn', facts: answer({ status: 503 }), says: /HEAD 503/ },
  {
    id: 'target-packet-size',
    status: 'fail',
    facts: atTarget({ large: unanswered }),
    says: /ping -M do -s 1472 hooks\.example\.com/,
  },
  { id: 'target-clock', status: 'warn', facts: answer({ aheadMs: -20_000 }), says: /20\.0 s behind/ },
  { id: 'target-clock', status: 'fail', facts: answer({ aheadMs: 400_000 }), says: /400\.0 s ahead/ },
  { id: 'target-clock', status: 'unread', facts: answer({ aheadMs: null }), says: /no Date/ },
];
