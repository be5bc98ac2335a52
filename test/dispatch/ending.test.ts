import { deepEqual } from 'node:assert/strict';
import test from 'node:test';
import type { Outcome } from '../../src/delivery/outcome.ts';
import { endingOf } from '../../src/dispatch/ending.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const answered = (status: number, retryAfter: string | null = null): Outcome => ({
  kind: 'answered',
  response: { status, body: '', retryAfter },
});

const CASES: readonly [name: string, outcome: Outcome, ending: object][] = [
  ['a 2xx', { kind: 'delivered', status: 204 }, { kind: 'delivered' }],
  ['a 500', answered(500), { kind: 'failed' }],
  ['a 500 that says when to come back, which means nothing there', answered(500, '5'), { kind: 'failed' }],
  ['a 503', answered(503), { kind: 'failed' }],
  ['a 503 that says to come back at once', answered(503, '0'), { kind: 'failed' }],
  ['a 503 that says when', answered(503, '5'), { kind: 'throttled', pauseMs: 5_000 }],
  ['a 429', answered(429), { kind: 'throttled', pauseMs: 0 }],
  ['a 429 with seconds', answered(429, '7'), { kind: 'throttled', pauseMs: 7_000 }],
  [
    'a 429 with a date',
    answered(429, new Date(NOW_MS + 9_000).toUTCString()),
    { kind: 'throttled', pauseMs: 9_000 },
  ],
  ['a 429 for a day', answered(429, '86400'), { kind: 'throttled', pauseMs: 3_600_000 }],
  ['a 429 with nonsense', answered(429, 'later'), { kind: 'throttled', pauseMs: 0 }],
  ['a 404', answered(404), { kind: 'answered' }],
  ['a redirect', answered(302), { kind: 'answered' }],
  ['a refused connection', { kind: 'unreachable', code: 'connect-refused', error: 'x' }, { kind: 'failed' }],
  ['no answer in time', { kind: 'broken', code: 'total-timeout', error: 'x' }, { kind: 'failed' }],
  ['a fault of this machine', { kind: 'local-fault', code: 'no-fd', error: 'x' }, { kind: 'untried' }],
  ['a bad envelope', { kind: 'refused', reason: 'not-json', detail: 'x' }, { kind: 'untried' }],
  ['handed back', { kind: 'handed-back' }, { kind: 'untried' }],
];

for (const [name, outcome, ending] of CASES)
  test(`what ${name} says of a destination: ${(ending as { kind: string }).kind}`, () => {
    deepEqual(endingOf(outcome, NOW_MS), ending);
  });
