import { equal } from 'node:assert/strict';
import test from 'node:test';
import { IDLE_LANES_KEPT } from '../../src/dispatch/lanes.ts';
import { newDispatcher, USUAL } from './dispatching.ts';

const LIMITED = { ...USUAL, window: 10, rate: { perSecond: 100, burst: 4 } };

test('a wake-up that was set for a lane that is forgotten leaves its successor alone', () => {
  const rulesOf = (destination: string) => (destination === 'a' ? LIMITED : USUAL);
  const { dispatcher, add, assign, comeBack, clock } = newDispatcher(1, 8, rulesOf);
  const { exchange } = dispatcher;
  for (let n = 0; n < IDLE_LANES_KEPT; n++) {
    add(`${n}`, 1);
    assign();
    comeBack();
  }
  /** Sends one under leave that is given up in two seconds, or after which there is more in `waitMs`. */
  const sendOne = (waitMs: number) => {
    add('a', 1);
    equal(exchange.wishes().length, 1);
    exchange.granted('a', { count: 1, waitMs });
    equal(assign().length, 1);
  };
  sendOne(0);
  sendOne(10);
  comeBack();
  comeBack();
  clock.nowMs = 10;
  assign();
  equal(dispatcher.standing('a'), null, 'it is forgotten');
  sendOne(0);
  clock.nowMs = 2_000;
  assign();
  equal(dispatcher.standing('a')?.inFlight, 1);
});
