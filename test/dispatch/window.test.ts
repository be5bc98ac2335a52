import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { FIRST_WINDOW, shareOf, Window } from '../../src/dispatch/window.ts';

const MOST = 200;

/** Keeps a window full for so many rounds; `latencyMs` depends on what is in flight. */
function use(window: Window, rounds: number, latencyMs: (inFlight: number) => number): void {
  for (let round = 0; round < rounds; round++) {
    const { size } = window;
    for (let n = 0; n < Math.max(size, 4); n++) window.succeeded(latencyMs(size), size, MOST);
  }
}

test('a window starts small and doubles each round for a fast destination, up to all that there is', () => {
  const window = new Window();
  equal(window.size, FIRST_WINDOW);
  use(window, 1, () => 5);
  equal(window.size, 8);
  use(window, 6, () => 5);
  equal(window.size, MOST);
});

test('a window that is not used does not grow', () => {
  const window = new Window();
  for (let n = 0; n < 1_000; n++) window.succeeded(5, 1, MOST);
  equal(window.size, FIRST_WINDOW);
});

test('a destination that bears ten at once, and gets slower beyond, is kept near that for minutes and not sent all that there is', () => {
  const window = new Window();
  use(window, 100, (inFlight) => 100 * Math.max(1, inFlight / 10));
  ok(window.size >= 10 && window.size <= 60, `${window.size}`);
});

test('where this machine is the limit, latency rises with what is in flight and the window stays wide', () => {
  const window = new Window();
  use(window, 300, (inFlight) => 0.2 * inFlight);
  ok(window.size > MOST / 2, `${window.size}`);
});

test('a destination that is slow for good has its window back in time', () => {
  const window = new Window();
  use(window, 50, () => 20);
  use(window, 10, () => 500);
  const shrunk = window.size;
  ok(shrunk < MOST);
  use(window, 5_000, () => 500);
  ok(window.size > shrunk * 2, `${shrunk}, then ${window.size}`);
});

test('failures shrink it by half of their share, down to one, and a few of them do not keep it from growing', () => {
  const window = new Window();
  use(window, 10, () => 5);
  for (let n = 0; n < MOST; n++) {
    if (n % 2 === 0) window.setBack(MOST, MOST);
    else window.succeeded(5, MOST, MOST);
  }
  ok(window.size >= MOST * 0.75 && window.size < MOST * 0.77, `${window.size}`);
  for (let n = 0; n < 1_000; n++) window.setBack(window.size, MOST);
  equal(window.size, 1);
  for (let n = 0; n < 10_000; n++) {
    if (n % 100 === 0) window.setBack(window.size, MOST);
    else window.succeeded(5, window.size, MOST);
  }
  ok(window.size > 20, `${window.size}`);
});

test('whatever happens it is at least one and at most what there is', () => {
  const anyAttempt = fc.tuple(
    fc.constantFrom('succeeded', 'setBack', 'answered'),
    fc.double({ min: 0, max: 100_000, noNaN: true }),
    fc.integer({ min: 1, max: 100 }),
  );
  fc.assert(
    fc.property(fc.array(anyAttempt, { maxLength: 500 }), (attempts) => {
      const window = new Window();
      for (const [kind, latencyMs, inFlight] of attempts) {
        if (kind === 'succeeded') window.succeeded(latencyMs, inFlight, 50);
        else if (kind === 'setBack') window.setBack(inFlight, 50);
        else window.answered(inFlight, 50);
        ok(Number.isInteger(window.size) && window.size >= 1 && window.size <= 50);
      }
    }),
  );
});

test('a share is a quarter, or an equal part of few, or everything when nobody else wants any', () => {
  equal(shareOf(40, 0), Number.POSITIVE_INFINITY);
  equal(shareOf(40, 1), 20);
  equal(shareOf(40, 2), 13);
  equal(shareOf(40, 3), 10);
  equal(shareOf(40, 500), 10);
  equal(shareOf(1, 500), 1);
  equal(shareOf(40, 1, true), 20);
  equal(shareOf(40, 500, true), 5);
});
