import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Failure } from '../../src/delivery/outcome.ts';
import { parseRetryAfter } from '../../src/settle/retry-after.ts';
import { unlessExpired, type Verdict, verdictOn } from '../../src/settle/retry-policy.ts';

const SCHEDULE = [1_000, 5_000, 30_000, 60_000, 300_000];
const RULES = { scheduleMs: SCHEDULE, permanentStatuses: [] };
const NOW = Date.UTC(2026, 10, 23, 18, 0, 0);
const HOUR = 3_600_000;

const answered = (status: number, retryAfter: string | null = null): Failure => ({
  kind: 'answered',
  response: { status, body: '', retryAfter },
});
const unreachable: Failure = { kind: 'unreachable', code: 'connect-refused', error: 'x' };
const broken: Failure = { kind: 'broken', code: 'reset', error: 'x' };

/** Attempts made, where a verdict tells. */
const madeBy = (verdict: Verdict) => (verdict.kind === 'gone' ? null : verdict.attempts);

/** The earliest and the latest wait that a failure leads to; null for a dead letter. */
function waits(failure: Failure, attempts = 0, nowMs = NOW): [number, number] | null {
  const [least, most] = [0, 1 - Number.EPSILON].map((random) => {
    const verdict = verdictOn(failure, attempts, RULES, () => random, nowMs);
    return verdict.kind === 'retry' ? verdict.delayMs : null;
  });
  return least === null || least === undefined ? null : [least, most!];
}

test('each failed attempt waits for its place in the schedule, never less, and up to a fifth more', () => {
  for (const failure of [answered(500), answered(404), answered(301), unreachable, broken])
    for (const [made, ms] of SCHEDULE.entries()) {
      const [least, most] = waits(failure, made)!;
      equal(least, ms);
      ok(most > ms * 1.19 && most <= ms * 1.2);
    }
});

test('the attempt after the last wait is the last one, and its failure a dead letter that says how many were made', () => {
  for (const failure of [answered(503, '10'), unreachable, broken])
    deepEqual(verdictOn(failure, SCHEDULE.length, RULES, Math.random, NOW), {
      kind: 'dead',
      reason: 'exhausted',
      attempts: SCHEDULE.length + 1,
    });
  deepEqual(verdictOn(broken, 0, { scheduleMs: [], permanentStatuses: [] }, Math.random, NOW), {
    kind: 'dead',
    reason: 'exhausted',
    attempts: 1,
  });
});

test('an attempt counts when it was made, not when this machine could not make it, and a refused delivery dies at once', () => {
  for (const failure of [answered(500), unreachable, broken])
    equal(madeBy(verdictOn(failure, 2, RULES, Math.random, NOW)), 3);
  const local: Failure = { kind: 'local-fault', code: 'no-fd', error: 'x' };
  for (const attempts of [0, 2, 100]) {
    const verdict = verdictOn(local, attempts, RULES, () => 0, NOW);
    deepEqual(verdict, { kind: 'retry', delayMs: 1_000, attempts });
  }
  const refused: Failure = { kind: 'refused', reason: 'url-refused', detail: 'x' };
  deepEqual(verdictOn(refused, 0, RULES, Math.random, NOW), {
    kind: 'dead',
    reason: 'url-refused',
    attempts: 0,
  });
});

test('a status that the rules call permanent is a dead letter at once, and no other is', () => {
  const rules = { scheduleMs: SCHEDULE, permanentStatuses: [400, 404] };
  for (const status of [400, 404])
    deepEqual(verdictOn(answered(status), 2, rules, Math.random, NOW), {
      kind: 'dead',
      reason: 'rejected',
      attempts: 3,
    });
  for (const status of [401, 403, 429, 500])
    equal(verdictOn(answered(status), 2, rules, Math.random, NOW).kind, 'retry');
});

test('410 disables the destination, whatever the rules say and however many attempts were made', () => {
  for (const attempts of [0, SCHEDULE.length, 100])
    for (const permanentStatuses of [[], [410]])
      deepEqual(
        verdictOn(answered(410), attempts, { scheduleMs: SCHEDULE, permanentStatuses }, Math.random, NOW),
        { kind: 'gone' },
      );
});

test('a retry that would come when the event has expired, or just then, is not made: it is dead now', () => {
  const verdict = verdictOn(broken, 2, RULES, () => 0, NOW);
  deepEqual(verdict, { kind: 'retry', delayMs: 30_000, attempts: 3 });
  const dead: Verdict = { kind: 'dead', reason: 'expired', attempts: 3 };
  for (const [expiresAtMs, expected] of [
    [null, verdict],
    [NOW + 30_001, verdict],
    [NOW + 30_000, dead],
    [NOW, dead],
    [NOW - 1, dead],
  ] as const)
    deepEqual(unlessExpired(verdict, expiresAtMs, NOW), expected);
});

test('what is no retry stays what it is, however late', () => {
  for (const failure of [answered(410), { kind: 'refused', reason: 'url-refused', detail: 'x' } as const]) {
    const verdict = verdictOn(failure, 0, RULES, Math.random, NOW);
    deepEqual(unlessExpired(verdict, NOW - 1, NOW), verdict);
  }
  const exhausted = verdictOn(broken, SCHEDULE.length, RULES, Math.random, NOW);
  deepEqual(unlessExpired(exhausted, NOW - 1, NOW), exhausted);
});

/** What a Retry-After header asks for at NOW, in milliseconds; null for what asks for nothing. */
const HEADERS: readonly [header: string, askedMs: number | null][] = [
  ['0', 0],
  ['1', 1_000],
  ['120', 120_000],
  [' 120 ', 120_000],
  ['007', 7_000],
  ['3600', HOUR],
  ['3601', HOUR],
  ['99999999999999999999999999', HOUR],
  ['Mon, 23 Nov 2026 18:02:00 GMT', 120_000],
  ['Monday, 23-Nov-26 18:02:00 GMT', 120_000],
  ['Mon Nov 23 18:02:00 2026', 120_000],
  ['Sun Dec  6 18:02:00 2026', HOUR],
  ['Tue, 23 Nov 2027 18:00:00 GMT', HOUR],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Sun Nov  6 08:49:37 1994', 0],
  ['', null],
  ['-5', null],
  ['+5', null],
  ['1.5', null],
  ['1e99', null],
  ['Infinity', null],
  ['0x10', null],
  ['soon', null],
  ['5 seconds', null],
  ['5, 10', null],
  ['2026-11-23T18:02:00Z', null],
  ['Mon, 23 Nov 2026 18:02:00 CET', null],
  ['Mon, 23 Foo 2026 18:02:00 GMT', null],
  ['Mon, 23 Nov 2026 18:02 GMT', null],
];

for (const [header, askedMs] of HEADERS) {
  test(`Retry-After ${JSON.stringify(header)} asks for ${askedMs === null ? 'nothing' : `${askedMs} ms`}`, () => {
    const parsed = parseRetryAfter(header, NOW);
    equal(parsed === null ? null : Math.min(parsed, HOUR), askedMs);
    for (const status of [429, 503]) {
      const [least, most] = waits(answered(status, header))!;
      if (askedMs === null) deepEqual([least, most <= 1_200], [1_000, true]);
      // Never earlier than asked or scheduled; jitter of a second, or a fifth of the wait.
      else
        ok(
          least >= Math.max(askedMs, 1_000) &&
            most <= Math.max(1_200, askedMs + Math.max(1_000, askedMs * 0.2)),
          `${least} to ${most}`,
        );
      ok(most > least);
    }
  });
}

test('Retry-After means something on 429 and 503 alone', () => {
  for (const status of [200, 301, 400, 404, 408, 500, 502, 504])
    equal(waits(answered(status, '100'))![0], 1_000, `${status}`);
});

test('no header, whatever it is, makes a wait shorter than nothing or longer than an hour and its jitter', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.integer().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      ),
      (header) => {
        const [least, most] = waits(answered(429, header))!;
        ok(least >= 0 && most <= 1.2 * HOUR && Number.isFinite(most), `${header}: ${least} to ${most}`);
      },
    ),
  );
});
