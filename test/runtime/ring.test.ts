import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Ring } from '../../src/runtime/ring.ts';

test('what goes in first comes out first, at any length and wherever the ring begins', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { freq: 2 }), { maxLength: 300 }), (steps) => {
      const ring = new Ring<number>();
      const queue: number[] = [];
      for (const step of steps) {
        equal(ring.peek(), queue[0]);
        if (step === null) equal(ring.shift(), queue.shift());
        else {
          ring.push(step);
          queue.push(step);
        }
        equal(ring.length, queue.length);
      }
      deepEqual(
        Array.from({ length: ring.length }, () => ring.shift()),
        queue,
      );
      equal(ring.shift(), undefined);
    }),
  );
});
