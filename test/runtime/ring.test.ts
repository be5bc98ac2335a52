import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Ring } from '../../src/runtime/ring.ts';

test('what goes in first comes out first, or from behind all but the oldest, at any length and wherever the ring begins', () => {
  const anyStep = fc.option(fc.oneof(fc.integer(), fc.record({ keep: fc.nat(20) })), { freq: 3 });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 300 }), (steps) => {
      const ring = new Ring<number>();
      const queue: number[] = [];
      for (const step of steps) {
        equal(ring.peek(), queue[0]);
        if (step === null) equal(ring.shift(), queue.shift());
        else if (typeof step === 'object') {
          const taken: number[] = [];
          const rest = queue.splice(step.keep);
          equal(
            ring.cut(step.keep, (item) => taken.push(item)),
            rest.length,
          );
          deepEqual(taken, rest);
        } else {
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
