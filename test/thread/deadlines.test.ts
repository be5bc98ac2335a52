import { deepEqual, equal } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { Numbered } from '../../src/runtime/numbered.ts';
import { Deadlines, type Timed } from '../../src/thread/deadlines.ts';
import type { Timeouts } from '../../src/thread/policy.ts';

/** Deadlines of 300 ms for the status and 1 000 ms in all, on a clock of the test's own. */
function newDeadlines(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let now = 5_000;
  const inFlight = new Numbered<Timed>();
  const ended: string[] = [];
  const deadlines = new Deadlines({
    inFlight,
    nowMs: () => now,
    onTick: () => {},
  });
  const start = (name: string, timeouts: Partial<Timeouts> = {}) => {
    let number = 0;
    const timed = {
      startedMs: now,
      sentMs: 0,
      answered: false,
      timeouts: { connectMs: 300, readMs: 300, totalMs: 1_000, ...timeouts },
      expire(code: string) {
        ended.push(`${name} ${code} after ${now - this.startedMs}`);
        inFlight.take(number);
      },
    };
    number = inFlight.add(timed);
    deadlines.watch();
    return timed;
  };
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 50) {
      now += 50;
      t.mock.timers.tick(50);
    }
  };
  return { deadlines, start, pass, ended, inFlight, now: () => now };
}

test('a status that does not come is waited for from the moment the request was sent', (t) => {
  const { start, pass, ended, now } = newDeadlines(t);
  const timed = start('a');
  pass(200);
  timed.sentMs = now();
  pass(250);
  deepEqual(ended, []);
  pass(150);
  deepEqual(ended, ['a read-timeout after 500']);
});

test('an attempt never lasts longer than the total, whatever it has heard', (t) => {
  const { start, pass, ended, now } = newDeadlines(t);
  const connecting = start('connecting');
  const answered = start('answered');
  answered.sentMs = now();
  answered.answered = true;
  pass(950);
  equal(connecting.sentMs, 0);
  deepEqual(ended, []);
  pass(100);
  deepEqual(ended, ['connecting total-timeout after 1000', 'answered total-timeout after 1000']);
});

test('each attempt has its own deadlines, shorter or longer than those of others', (t) => {
  const { start, pass, ended, now } = newDeadlines(t);
  for (const timed of [
    start('patient', { readMs: 2_000, totalMs: 3_000 }),
    start('usual'),
    start('hasty', { totalMs: 200 }),
  ])
    timed.sentMs = now();
  pass(2_500);
  deepEqual(ended, [
    'hasty total-timeout after 200',
    'usual read-timeout after 300',
    'patient read-timeout after 2000',
  ]);
});

test('the clock stops when nothing is in flight, and starts again', (t) => {
  const { start, pass, ended, inFlight } = newDeadlines(t);
  start('gone');
  inFlight.take(0);
  pass(5_000);
  start('next');
  pass(1_100);
  deepEqual(ended, ['next total-timeout after 1000']);
});
