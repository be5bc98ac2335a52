import { deepEqual, equal, match } from 'node:assert/strict';
import test from 'node:test';
import { DeliveryLog, inWords } from '../../src/record/delivery-log.ts';
import { createLogger, type LogFormat } from '../../src/record/log.ts';
import { logfmtLine, logfmtValue } from '../../src/record/logfmt.ts';
import { Metrics } from '../../src/record/metrics.ts';

/** A delivery log in a format, and the lines it has written. */
function newLog(format: LogFormat, colour = false) {
  const lines: string[] = [];
  const logger = createLogger({ format, colour, stream: { write: (line: string) => lines.push(line) } });
  const metrics = new Metrics();
  return { log: new DeliveryLog(logger, metrics, () => ({ inFlight: 3, waiting: 40 })), metrics, lines };
}

const subject = {
  id: 'evt_1',
  destination: 'acct_42',
  url: 'https://example.com/',
  type: 't',
  expiresAtMs: null,
};
const failed = {
  subject,
  mintedId: 'evt_minted',
  destination: 'acct_42',
  failure: { kind: 'answered', response: { status: 503, body: '', retryAfter: null } },
  attempt: 3,
  next: 30_000,
  attemptMs: 12.4,
} as const;

test('a failed attempt is one logfmt line with the members of the contract in its order', () => {
  const { log, lines } = newLog('logfmt');
  log.failed(failed);
  equal(lines.length, 1);
  match(
    lines[0]!,
    /^level=warn time=\S+Z delivery_id=evt_1 status=503 attempt=3 next_retry=30s destination=acct_42 error=http-503 duration_ms=12 msg="attempt failed"\n$/,
  );
});

test('a delivery that dies without an answer says so, with the minted id where there is no other', () => {
  const { log, lines } = newLog('logfmt');
  log.failed({
    ...failed,
    subject: null,
    failure: { kind: 'refused', reason: 'not-json', detail: 'not "JSON"\nat all' },
    attempt: 0,
    next: 'never',
  });
  match(
    lines[0]!,
    /^level=error .* delivery_id=evt_minted status=- attempt=0 next_retry=never destination=acct_42 error="not-json: not \\"JSON\\"\\nat all" .*\n$/,
  );
});

test('JSON lines parse, and hold the same', () => {
  const { log, lines } = newLog('json');
  log.failed(failed);
  const { time, ...entry } = JSON.parse(lines[0]!);
  deepEqual(entry, {
    level: 'warn',
    delivery_id: 'evt_1',
    status: 503,
    attempt: 3,
    next_retry: '30s',
    destination: 'acct_42',
    error: 'http-503',
    duration_ms: 12,
    msg: 'attempt failed',
  });
});

test('pretty lines have colour only where it is wanted', () => {
  for (const colour of [true, false]) {
    const { log, lines } = newLog('pretty', colour);
    log.failed(failed);
    equal(lines[0]!.includes('\u001b['), colour);
    match(lines[0]!, /attempt failed.*delivery_id=evt_1/);
  }
});

test('a busy engine sums up every ten seconds, an idle one says nothing', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const lines: string[] = [];
  const metrics = new Metrics();
  let inFlight = 3;
  let now = 0;
  const logger = createLogger({ format: 'logfmt', stream: { write: (line: string) => lines.push(line) } });
  const log = new DeliveryLog(logger, metrics, () => ({ inFlight, waiting: 40 }));
  const pass = () => {
    now += 10_000;
    t.mock.timers.tick(10_000);
  };
  log.start(() => now);
  for (let n = 0; n < 500; n++) metrics.delivered(8, 20);
  metrics.counters.retried = 20;
  pass();
  match(
    lines[0]!,
    /delivered=500 retried=20 dead=0 in_flight=3 waiting=40 attempts_per_s=52 p50_ms=8\S* p99_ms=8\S* msg=summary/,
  );
  pass();
  equal(lines.length, 2, 'something is in flight still');
  inFlight = 0;
  pass();
  pass();
  equal(lines.length, 2);
  log.stop();
});

test('values are quoted in logfmt where they would break the line, and nowhere else', () => {
  for (const [value, text] of [
    ['plain', 'plain'],
    ['https://example.com:8443/a?b', 'https://example.com:8443/a?b'],
    ['', '""'],
    ['two words', '"two words"'],
    ['a=b', '"a=b"'],
    ['say "hi"', '"say \\"hi\\""'],
    ['line\nbreak', '"line\\nbreak"'],
    ['back\\slash', '"back\\\\slash"'],
    ['\u001b[31mred', '"\\u001b[31mred"'],
    [null, '-'],
    [undefined, '-'],
    [0, '0'],
    [true, 'true'],
    [{ a: 1 }, '"{\\"a\\":1}"'],
  ] as const)
    equal(logfmtValue(value), text);
  equal(logfmtLine({ a: 1, b: 'c d' }), 'a=1 b="c d"');
});

test('waits are written as a person would say them', () => {
  for (const [ms, words] of [
    [0, '0ms'],
    [250.4, '250ms'],
    [1_000, '1s'],
    [30_400, '30s'],
    [60_000, '1m'],
    [90_000, '1m30s'],
    [300_000, '5m'],
    [3_600_000, '60m'],
  ] as const)
    equal(inWords(ms), words);
});
