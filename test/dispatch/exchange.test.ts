import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { FAILED } from '../../src/dispatch/ending.ts';
import { WISHES_MAX } from '../../src/dispatch/exchange.ts';
import { newDispatcher, USUAL } from './dispatching.ts';

const LIMITED = { ...USUAL, window: 10, rate: { perSecond: 2, burst: 4 } };
const fixed = (window: number) => ({ ...USUAL, window });

test('a breaker that opens says so with all that the broker is to know, and the lane takes nothing more', () => {
  const { add, assign, end, dispatcher } = newDispatcher(1, 8, () => fixed(8));
  add('a', 8);
  const sent = assign();
  const changes = sent.map((item) => end(item, FAILED));
  deepEqual(changes.slice(0, 4), [null, null, null, null]);
  deepEqual(changes[4], { kind: 'opened', forMs: 33_000, opened: 1, failuresInARow: 5 });
  deepEqual(changes.slice(5), [null, null, null]);
  equal(add('a', 3), 0);
  equal(dispatcher.waiting, 0);
});

test('at a block of another worker what waits is to be cleared; when it is lifted, the lane ramps', () => {
  const { add, assign, dispatcher } = newDispatcher();
  const { exchange } = dispatcher;
  add('a', 50);
  assign();
  const block = { kind: 'open', forMs: 10_000, opened: 2 } as const;
  equal(exchange.blocked('a', block), true);
  equal(dispatcher.clearLane('a').length, 46);
  equal(exchange.blocked('a', block), false);
  equal(dispatcher.waiting, 0);
  exchange.unblocked('a');
  equal(dispatcher.standing('a')?.state, 'ramping');
  exchange.unblocked('never seen');
  equal(dispatcher.standing('never seen'), null);
});

test('the lane of what has no readable destination is never blocked, limited or parked', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher(1, 8, () => LIMITED);
  equal(dispatcher.exchange.blocked('', { kind: 'open', forMs: 10_000, opened: 1 }), false);
  dispatcher.exchange.setParked('', true);
  for (let n = 0; n < 10; n++) {
    equal(add('', 10), 10);
    while (assign().length > 0) while (out.length > 0) comeBack(FAILED);
  }
  equal(dispatcher.waiting, 0);
  deepEqual(dispatcher.exchange.wishes(), []);
});

test('under a rate limit nothing goes without leave, which is asked for once, for what could go at once', () => {
  const { add, assign, clock, dispatcher } = newDispatcher(1, 8, () => LIMITED);
  const { exchange } = dispatcher;
  add('a', 25);
  equal(assign().length, 0);
  deepEqual(exchange.wishes(), [{ destination: 'a', count: 10, perSecond: 2, burst: 4 }]);
  deepEqual(exchange.wishes(), []);
  exchange.granted('a', { count: 4, waitMs: 500 });
  equal(assign().length, 4);
  equal(assign().length, 0);
  deepEqual(exchange.wishes(), []);
  equal(exchange.nextChangeMs(), 500);
  clock.nowMs = 500;
  assign();
  deepEqual(exchange.wishes(), [{ destination: 'a', count: 6, perSecond: 2, burst: 4 }]);
});

test('a lane whose time comes after its kind of wish has been told is still to be woken for', () => {
  const { add, assign, clock, dispatcher } = newDispatcher(1, 8, () => LIMITED);
  const { exchange } = dispatcher;
  add('a', 1);
  exchange.wishes();
  exchange.granted('a', { count: 0, waitMs: 500 });
  clock.nowMs = 499;
  assign();
  deepEqual(exchange.wishes(), []);
  clock.nowMs = 500;
  deepEqual(exchange.drains(), []);
  equal(exchange.nextChangeMs(), 500);
});

test('leave that is not used is given up, after a while or when the destination is blocked', () => {
  const { add, assign, clock, dispatcher } = newDispatcher(1, 8, () => LIMITED);
  const { exchange } = dispatcher;
  add('a', 3);
  exchange.wishes();
  exchange.granted('a', { count: 3, waitMs: 0 });
  clock.nowMs = 2_000;
  equal(assign().length, 0);
  equal(exchange.wishes().length, 1);
  exchange.blocked('a', { kind: 'paused', forMs: 100, opened: 0 });
  exchange.granted('a', { count: 3, waitMs: 0 });
  clock.nowMs = 2_101;
  equal(assign().length, 0);
  deepEqual(
    exchange.wishes().map(({ count }) => count),
    [1],
    'after a pause one goes first',
  );
});

test('what is parked is fetched as the window takes it, asked for once, and new deliveries go behind it', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher(1, 8, () => fixed(8));
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  equal(add('a', 1), 0);
  deepEqual(
    exchange.drains().map(({ count }) => count),
    [16],
  );
  deepEqual(exchange.drains(), []);
  exchange.drained('a', 16);
  equal(add('a', 16, 1_000, true), 16);
  assign();
  deepEqual(exchange.drains(), [], 'there is enough');
  for (let n = 0; n < 4; n++) comeBack();
  assign();
  deepEqual(
    exchange.drains().map(({ count }) => count),
    [4],
  );
  while (out.length > 0) comeBack();
  exchange.drained('a', 0);
  equal(add('a', 1), 1, 'nothing is parked any more');
});

test('of one destination no more is fetched than may be, and the rest is wanted as soon as that has come', () => {
  const { dispatcher } = newDispatcher(1, 8, () => fixed(8));
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  exchange.setParked('b', true);
  const counts = () => exchange.drains(2, 3).map(({ destination, count }) => [destination, count]);
  deepEqual(counts(), [
    ['a', 3],
    ['b', 3],
  ]);
  exchange.drained('a', 3);
  deepEqual(counts(), [['a', 3]]);
});

test('lanes that have something parked are not counted among those that were active of late', () => {
  const { add, assign, dispatcher } = newDispatcher(1, 8, () => fixed(8));
  dispatcher.exchange.setParked('a', true);
  add('a', 1, 1_000, true);
  add('b', 1);
  assign();
  equal(dispatcher.plainLanes, 1);
});

test('of large bodies no more is fetched than a few at once, and none while there are enough', () => {
  const { add, dispatcher } = newDispatcher(1, 8, () => fixed(100));
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  deepEqual(exchange.drains(), [{ destination: 'a', count: 200, bytes: 1_048_576 }]);
  exchange.drained('a', 3);
  add('a', 3, 2_000_000, true);
  deepEqual(exchange.drains(), []);
});

test('under a rate limit only as many as leave was granted for are fetched', () => {
  const { dispatcher } = newDispatcher(1, 8, () => LIMITED);
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  deepEqual(exchange.drains(), []);
  deepEqual(
    exchange.wishes().map(({ count }) => count),
    [10],
  );
  exchange.granted('a', { count: 3, waitMs: 500 });
  deepEqual(
    exchange.drains().map(({ count }) => count),
    [3],
  );
});

test('100 000 destinations with something parked are fetched from in turn, a bounded number at once', () => {
  const { dispatcher } = newDispatcher();
  const { exchange } = dispatcher;
  for (let n = 0; n < 100_000; n++) exchange.setParked(`${n}`, true);
  const seen = new Set<string>();
  for (let drains = exchange.drains(); drains.length > 0; drains = exchange.drains()) {
    ok(drains.length <= WISHES_MAX);
    for (const { destination } of drains) {
      ok(!seen.has(destination));
      seen.add(destination);
      exchange.drained(destination, 0);
    }
  }
  equal(seen.size, 100_000);
  equal(dispatcher.lanes, 10_000);
});

test('rules that change hold from then on', () => {
  let rules = fixed(2);
  const { add, assign, dispatcher } = newDispatcher(1, 8, () => rules);
  add('a', 20);
  equal(assign().length, 2);
  rules = fixed(5);
  equal(assign().length, 0);
  dispatcher.reconfigure();
  equal(assign().length, 3);
  equal(dispatcher.standing('a')?.window, 5);
});

test('what is parked for a destination while nothing is found for it is fetched all the same', () => {
  const { dispatcher } = newDispatcher();
  const { exchange } = dispatcher;
  exchange.setParked('a', true);
  equal(exchange.drains().length, 1);
  exchange.setParked('a', true);
  exchange.drained('a', 0);
  equal(exchange.drains().length, 1);
  exchange.drained('a', 0);
  equal(dispatcher.standing('a')?.parked ?? false, false);
  equal(exchange.drains().length, 0);
});

test('of those that are turned away the last eight are named, as long as they are', () => {
  const { dispatcher } = newDispatcher();
  const { exchange } = dispatcher;
  const names = Array.from({ length: 10 }, (_, n) => `d-${n}`);
  for (const name of names) {
    exchange.setParked(name, true);
    exchange.turnedAway(name);
  }
  exchange.turnedAway('');
  const noneDisabled = () => false;
  deepEqual(exchange.toPass(noneDisabled), names.slice(2));
  exchange.turnedAway('d-3');
  exchange.setParked('d-5', false);
  deepEqual(exchange.toPass(noneDisabled), ['d-2', 'd-4', 'd-6', 'd-7', 'd-8', 'd-9', 'd-3']);
  deepEqual(
    exchange.toPass((name) => name === 'd-5'),
    ['d-2', 'd-4', 'd-6', 'd-7', 'd-8', 'd-9', 'd-3'],
  );
});
