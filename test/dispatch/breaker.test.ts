import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  type Breaker,
  type BreakerEvent,
  type BreakerRules,
  CLOSED,
  roomIn,
  transition,
  UNBLOCKED,
} from '../../src/dispatch/breaker.ts';
import { ANSWERED, DELIVERED, FAILED, UNTRIED } from '../../src/dispatch/ending.ts';
import { Tally } from '../../src/dispatch/tally.ts';

const WINDOW = 10;
const paused = (pauseMs: number): BreakerEvent => ({ kind: 'throttled', pauseMs });
/** Leave that lasts longer than any test. */
const GRANTED: BreakerEvent = { kind: 'granted', untilMs: 1e15 };
const blocked = (kind: 'open' | 'paused', forMs: number, opened: number): BreakerEvent => ({
  kind: 'blocked',
  block: { kind, forMs, opened },
});

/** A breaker with a clock, and what it has in flight. */
function newBreaker(random = () => 0.5) {
  const at = {
    tally: new Tally(),
    nowMs: 0,
    random,
    window: WINDOW,
    rules: { failures: 5, coolOffMs: 30_000 } as BreakerRules | null,
  };
  let breaker: Breaker = CLOSED;
  let inFlight = 0;
  const put = (event: BreakerEvent) => {
    breaker = transition(breaker, event, at);
    return breaker;
  };
  return {
    at,
    put,
    state: () => breaker,
    inFlight: () => inFlight,
    room: () => roomIn(breaker, WINDOW, at.nowMs) - inFlight,
    send: () => {
      inFlight++;
      return breaker;
    },
    back: (event: BreakerEvent) => {
      inFlight--;
      return put(event);
    },
  };
}

/** Sends one and has it come back; where that needs leave, it is asked for first. */
const attempt = ({ put, send, back }: ReturnType<typeof newBreaker>, event: BreakerEvent) => {
  put(GRANTED);
  send();
  return back(event);
};

test('five failures in a row open it, whatever was before; a success or any other answer in between begins the count again', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 100; n++) attempt(breaker, DELIVERED);
  for (let n = 0; n < 4; n++) equal(attempt(breaker, FAILED).kind, 'closed');
  equal(attempt(breaker, ANSWERED).kind, 'closed');
  for (let n = 0; n < 4; n++) equal(attempt(breaker, FAILED).kind, 'closed');
  equal(attempt(breaker, FAILED).kind, 'open');
});

test('half of twenty attempts open it, fewer do not, and what is long past does not count', () => {
  const half = newBreaker();
  for (let n = 0; n < 19; n++) equal(attempt(half, n % 2 === 0 ? FAILED : DELIVERED).kind, 'closed');
  equal(attempt(half, FAILED).kind, 'open');
  const third = newBreaker();
  for (let n = 0; n < 300; n++) equal(attempt(third, n % 3 === 0 ? FAILED : DELIVERED).kind, 'closed');
  const rare = newBreaker();
  for (let n = 0; n < 300; n++) {
    equal(attempt(rare, n % 2 === 0 ? FAILED : DELIVERED).kind, 'closed');
    rare.at.nowMs += 2_000;
  }
});

test('the cool-off doubles with each failed probe, from 30 s to 10 minutes, jittered, and starts again once it was closed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 12, maxLength: 12 }),
      (draws) => {
        let drawn = 0;
        const breaker = newBreaker(() => draws[drawn++ % draws.length]!);
        for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
        for (let opened = 1; opened <= 10; opened++) {
          const state = breaker.state();
          ok(state.kind === 'open');
          const leastMs = Math.min(30_000 * 2 ** (opened - 1), 600_000);
          const coolOffMs = state.untilMs - breaker.at.nowMs;
          ok(coolOffMs > leastMs - 1 && coolOffMs < leastMs * 1.2 + 1, `${opened}: ${coolOffMs}`);
          breaker.at.nowMs = state.untilMs;
          equal(attempt(breaker, FAILED).kind, 'open');
        }
        breaker.at.nowMs += 1_000_000;
        while (breaker.state().kind !== 'closed') attempt(breaker, DELIVERED);
        for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
        const again = breaker.state();
        ok(again.kind === 'open' && again.untilMs - breaker.at.nowMs <= 36_000);
      },
    ),
  );
});

test('a probe that succeeds begins a ramp: 1, 2, 4, … at once, until the window is reached', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
  equal(breaker.put(GRANTED).kind, 'open', 'its cool-off is not over');
  breaker.at.nowMs = 36_000;
  equal(breaker.room(), 0, 'nothing goes without leave');
  breaker.put(GRANTED);
  equal(breaker.room(), 1);
  attempt(breaker, DELIVERED);
  const limits: number[] = [];
  while (breaker.state().kind === 'ramping') {
    const limit = breaker.room();
    limits.push(limit);
    for (let n = 0; n < limit; n++) breaker.send();
    for (let n = 0; n < limit; n++) breaker.back(DELIVERED);
  }
  deepEqual(limits, [1, 2, 4, 8]);
  equal(breaker.room(), WINDOW);
});

test('a failure in a ramp begins its round again, and too many open it for longer than before', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
  breaker.at.nowMs = 36_000;
  attempt(breaker, DELIVERED);
  attempt(breaker, DELIVERED);
  attempt(breaker, DELIVERED);
  deepEqual(attempt(breaker, FAILED), { kind: 'ramping', limit: 2, clean: 0, opened: 1 });
  for (let n = 0; n < 4; n++) attempt(breaker, FAILED);
  deepEqual(breaker.state(), { kind: 'open', untilMs: 36_000 + 66_000, opened: 2 });
});

test('a pause lasts as long as asked and a little more, is prolonged by a longer one only, and ends in a ramp', () => {
  const breaker = newBreaker();
  breaker.send();
  breaker.send();
  breaker.send();
  deepEqual(breaker.back(paused(10_000)), { kind: 'paused', untilMs: 11_000, opened: 0 });
  deepEqual(breaker.back(paused(10_000)), { kind: 'paused', untilMs: 11_000, opened: 0 });
  deepEqual(breaker.back(paused(20_000)), { kind: 'paused', untilMs: 22_000, opened: 0 });
  breaker.at.nowMs = 21_999;
  equal(breaker.room(), 0);
  breaker.at.nowMs = 22_000;
  equal(breaker.room(), 1);
  equal(attempt(breaker, DELIVERED).kind, 'ramping');
});

test('being throttled is no failure: a 429 without a time changes nothing, and as the answer to a probe shows life', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 100; n++) equal(attempt(breaker, paused(0)).kind, 'closed');
  for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
  breaker.at.nowMs = 36_000;
  equal(attempt(breaker, paused(0)).kind, 'ramping');
});

test('a probe that comes back untried leaves its leave to the next delivery, and the cool-off is no longer', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
  breaker.at.nowMs = 36_000;
  equal(breaker.put(GRANTED).kind, 'probing');
  for (let n = 0; n < 3; n++) {
    equal(breaker.room(), 1);
    breaker.send();
    equal(breaker.room(), 0, 'no second probe');
    equal(breaker.back(UNTRIED).kind, 'probing');
  }
  breaker.send();
  deepEqual(breaker.back(FAILED), { kind: 'open', untilMs: 36_000 + 66_000, opened: 2 });
});

test('leave is for a time: then nothing goes until it is given anew, and a refusal is a cool-off', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
  breaker.at.nowMs = 36_000;
  breaker.put({ kind: 'granted', untilMs: 40_000 });
  breaker.send();
  breaker.back(UNTRIED);
  breaker.at.nowMs = 39_999;
  equal(breaker.room(), 1);
  breaker.at.nowMs = 40_000;
  equal(breaker.room(), 0);
  breaker.put({ kind: 'granted', untilMs: 44_000 });
  equal(breaker.room(), 1);
  deepEqual(breaker.put({ kind: 'refused', forMs: 5_000 }), { kind: 'open', untilMs: 45_000, opened: 1 });
});

test('a breaker that was switched off while open ramps after its probe, however that goes', () => {
  const breaker = newBreaker();
  for (let n = 0; n < 5; n++) attempt(breaker, FAILED);
  breaker.at.nowMs = 36_000;
  breaker.at.rules = null;
  deepEqual(attempt(breaker, FAILED), { kind: 'ramping', limit: 1, clean: 0, opened: 1 });
});

test('a block heard of holds here too; of two the later end and the greater count hold, and an open one wants its probe', () => {
  const breaker = newBreaker();
  deepEqual(breaker.put(blocked('paused', 10_000, 0)), { kind: 'paused', untilMs: 10_000, opened: 0 });
  deepEqual(breaker.put(blocked('open', 5_000, 3)), { kind: 'open', untilMs: 10_000, opened: 3 });
  deepEqual(breaker.put(blocked('paused', 20_000, 1)), { kind: 'open', untilMs: 20_000, opened: 3 });
  deepEqual(breaker.put({ kind: 'refused', forMs: 25_000 }), { kind: 'open', untilMs: 25_000, opened: 3 });
  breaker.at.nowMs = 25_000;
  deepEqual(attempt(breaker, FAILED), { kind: 'open', untilMs: 25_000 + 264_000, opened: 4 });
});

test('a block that was over before this worker began still wants its probe', () => {
  const breaker = newBreaker();
  equal(breaker.put(blocked('open', 0, 2)).kind, 'open');
  equal(breaker.room(), 0);
  equal(attempt(breaker, DELIVERED).kind, 'ramping');
});

test('what the broker still tells of a block that was got over changes nothing, a new one does, and one that is lifted begins a ramp', () => {
  const breaker = newBreaker();
  breaker.put(blocked('open', 0, 2));
  breaker.put(GRANTED);
  equal(breaker.put(blocked('open', 5_000, 2)).kind, 'probing');
  equal(attempt(breaker, DELIVERED).kind, 'ramping');
  equal(breaker.put(blocked('open', 5_000, 2)).kind, 'ramping');
  equal(breaker.put(blocked('open', 5_000, 3)).kind, 'open');
  deepEqual(breaker.put(UNBLOCKED), { kind: 'ramping', limit: 1, clean: 0, opened: 3 });
  equal(newBreaker().put(UNBLOCKED), CLOSED);
});

test('what was sent before a pause does not end it, and where breakers are off failures open nothing', () => {
  const breaker = newBreaker();
  breaker.send();
  breaker.send();
  breaker.back(paused(10_000));
  equal(breaker.back(DELIVERED).kind, 'paused');
  const off = newBreaker();
  Object.assign(off.at, { rules: null });
  for (let n = 0; n < 100; n++) equal(attempt(off, FAILED), CLOSED);
  equal(attempt(off, paused(1_000)).kind, 'paused');
});

const anyEnding = fc.constantFrom(
  DELIVERED,
  FAILED,
  FAILED,
  FAILED,
  ANSWERED,
  UNTRIED,
  paused(0),
  paused(5_000),
);
const anyHeard = fc.oneof(
  fc.constantFrom(GRANTED, UNBLOCKED),
  fc.record({ kind: fc.constant('granted' as const), untilMs: fc.nat(1_000_000) }),
  fc.record({ kind: fc.constant('refused' as const), forMs: fc.nat(10_000) }),
  fc
    .record({
      kind: fc.constantFrom('open' as const, 'paused' as const),
      forMs: fc.nat(60_000),
      opened: fc.nat(5),
    })
    .map((block) => ({ kind: 'blocked' as const, block })),
);
const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('send' as const) }),
  fc.record({ kind: fc.constant('hear' as const), event: anyHeard }),
  fc.record({ kind: fc.constant('back' as const), event: anyEnding }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 60_000 }) }),
);

test('whatever comes back in whatever order: one probe at most, alone; never more out than the window; the state is plain data', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300, size: 'max' }), (steps) => {
      const breaker = newBreaker();
      for (const step of steps) {
        if (step.kind === 'wait') breaker.at.nowMs += step.ms;
        else if (step.kind === 'hear') breaker.put(step.event);
        else if (step.kind === 'back' && breaker.inFlight() > 0) breaker.back(step.event);
        else if (step.kind === 'send' && breaker.room() > 0) {
          breaker.send();
          if (breaker.state().kind === 'probing') equal(breaker.inFlight(), 1);
        }
        const state = breaker.state();
        equal(state.kind === 'open' && breaker.room() > 0, false);
        ok(breaker.inFlight() <= WINDOW);
        deepEqual(JSON.parse(JSON.stringify(state)), state);
      }
    }),
    { numRuns: 500 },
  );
});

test('from any state, success after success closes it', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100, size: 'max' }), (steps) => {
      const breaker = newBreaker();
      for (const step of steps) {
        if (step.kind === 'wait') breaker.at.nowMs += step.ms;
        else if (step.kind === 'hear') breaker.put(step.event);
        else if (step.kind === 'back' && breaker.inFlight() > 0) breaker.back(step.event);
        else if (step.kind === 'send' && breaker.room() > 0) breaker.send();
      }
      for (let n = 0; n < 100; n++) {
        while (breaker.inFlight() > 0) breaker.back(DELIVERED);
        breaker.at.nowMs += 720_000;
        breaker.put(GRANTED);
        if (breaker.room() > 0) breaker.send();
      }
      equal(breaker.state().kind, 'closed');
    }),
  );
});

test('what comes back untried, however often, never opens it', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(UNTRIED, DELIVERED, ANSWERED, paused(0))), (endings) => {
      const breaker = newBreaker();
      for (const ending of endings) equal(attempt(breaker, ending), CLOSED);
    }),
  );
});
