import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { DELIVERED, FAILED, UNTRIED } from '../../src/dispatch/ending.ts';
import { newDispatcher, USUAL } from './dispatching.ts';

const GRANTED = { kind: 'granted' } as const;
/** How long a probe may be sent under a leave. */
const LEAVE_MS = 4_000;
const fixed = (window: number) => ({ ...USUAL, window });

/** One whose breaker for `a` has just opened. */
function opened(rulesOf = () => USUAL) {
  const made = newDispatcher(undefined, undefined, rulesOf);
  for (let n = 0; n < 5; n++) {
    made.add('a', 1);
    made.assign();
    made.comeBack(FAILED);
  }
  equal(made.dispatcher.standing('a')?.state, 'open');
  return made;
}

test('a probe is asked for once, when its cool-off is over and something is parked; what is granted is one delivery', () => {
  const { add, assign, comeBack, clock, dispatcher } = opened();
  const { exchange } = dispatcher;
  equal(exchange.nextChangeMs(), 33_000);
  clock.nowMs = 33_000;
  deepEqual(exchange.probesDue(), [], 'there is nothing to send');
  exchange.setParked('a', true);
  deepEqual(exchange.probesDue(), ['a']);
  deepEqual(exchange.probesDue(), []);
  deepEqual(exchange.drains(), [], 'nothing goes without leave');
  exchange.probeAnswered('a', GRANTED, clock.nowMs + LEAVE_MS);
  deepEqual(
    exchange.drains().map(({ count }) => count),
    [1],
  );
  exchange.drained('a', 1);
  equal(add('a', 1), 0, 'new ones go behind what is parked');
  equal(add('a', 2, 1_000, true), 1);
  equal(assign().length, 1);
  deepEqual(exchange.drains(), []);
  comeBack(DELIVERED);
  equal(dispatcher.standing('a')?.state, 'ramping');
});

test('a refused probe is asked for again later, and one that is not needed begins a ramp', () => {
  const { assign, clock, dispatcher } = opened();
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  clock.nowMs = 33_000;
  deepEqual(exchange.probesDue(), ['a']);
  exchange.probeAnswered('a', { kind: 'refused', forMs: 5_000 }, 0);
  assign();
  deepEqual(exchange.probesDue(), []);
  equal(exchange.nextChangeMs(), 38_000);
  clock.nowMs = 38_000;
  assign();
  deepEqual(exchange.probesDue(), ['a']);
  exchange.probeAnswered('a', { kind: 'unblocked' }, 0);
  equal(dispatcher.standing('a')?.state, 'ramping');
});

test('where the probe comes back untried, as one that has expired does, the next one is fetched under the same leave', () => {
  const { add, assign, comeBack, clock, dispatcher } = opened();
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  clock.nowMs = 33_000;
  exchange.probesDue();
  exchange.probeAnswered('a', GRANTED, clock.nowMs + LEAVE_MS);
  for (let n = 0; n < 3; n++) {
    equal(exchange.drains()[0]?.count, 1);
    exchange.drained('a', 1);
    add('a', 1, 1_000, true);
    equal(assign().length, 1);
    comeBack(UNTRIED);
  }
  deepEqual(exchange.probesDue(), []);
});

test('leave for a probe that is over is asked for anew, and nothing goes until that is answered', () => {
  const { add, assign, comeBack, clock, dispatcher } = opened();
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  clock.nowMs = 33_000;
  exchange.probesDue();
  exchange.probeAnswered('a', GRANTED, clock.nowMs + LEAVE_MS);
  add('a', 1, 1_000, true);
  assign();
  clock.nowMs += LEAVE_MS;
  assign();
  deepEqual(exchange.probesDue(), [], 'the probe is still out');
  comeBack(UNTRIED);
  deepEqual(exchange.drains(), []);
  equal(add('a', 1, 1_000, true), 0, 'another worker may be probing by now');
  deepEqual(exchange.probesDue(), ['a']);
  exchange.probeAnswered('a', { kind: 'refused', forMs: 10_000 }, 0);
  equal(dispatcher.standing('a')?.state, 'open');
  equal(exchange.nextChangeMs(), clock.nowMs + 10_000);
});

test('leave for a probe that nothing came for is over before something does', () => {
  const { add, assign, clock, dispatcher } = opened();
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  clock.nowMs = 33_000;
  exchange.probesDue();
  exchange.probeAnswered('a', GRANTED, clock.nowMs + LEAVE_MS);
  equal(exchange.drains().length, 1);
  exchange.drained('a', 0);
  assign();
  equal(exchange.nextChangeMs(), clock.nowMs + LEAVE_MS);
  clock.nowMs += LEAVE_MS;
  assign();
  deepEqual(exchange.probesDue(), [], 'there is nothing to send');
  equal(add('a', 1), 0);
  exchange.setParked('a', true);
  deepEqual(exchange.probesDue(), ['a']);
  exchange.probeAnswered('a', GRANTED, clock.nowMs + LEAVE_MS);
  deepEqual(
    exchange.drains().map(({ count }) => count),
    [1],
  );
});

test('a probe that fails opens the breaker anew, and counts among the failures in a row', () => {
  const { add, assign, end, clock, dispatcher } = opened();
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  clock.nowMs = 33_000;
  assign();
  deepEqual(exchange.probesDue(), ['a']);
  exchange.probeAnswered('a', GRANTED, clock.nowMs + LEAVE_MS);
  add('a', 1, 1_000, true);
  deepEqual(end(assign()[0]!, FAILED), { kind: 'opened', forMs: 66_000, opened: 2, failuresInARow: 6 });
});

test('no probe is asked for while something that was sent before is still out', () => {
  const { add, assign, end, clock, dispatcher } = newDispatcher(1, 8, () => fixed(8));
  add('a', 6);
  const sent = assign();
  for (const item of sent.slice(0, 5)) end(item, FAILED);
  dispatcher.exchange.setParked('a', true);
  clock.nowMs = 33_000;
  deepEqual(dispatcher.exchange.probesDue(), []);
  end(sent[5]!, FAILED);
  deepEqual(dispatcher.exchange.probesDue(), ['a']);
});
