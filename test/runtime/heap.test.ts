import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Heap } from '../../src/runtime/heap.ts';

test('what is added in any order comes out by its number, also when some is taken in between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
      const heap = new Heap<string>();
      const model: number[] = [];
      for (const step of steps) {
        if (step === null) equal(heap.shift(), model.shift()?.toString());
        else {
          heap.push(step, `${step}`);
          model.push(step);
          model.sort((a, b) => a - b);
        }
        equal(heap.length, model.length);
        equal(heap.least, model[0] ?? Number.POSITIVE_INFINITY);
      }
      const rest = Array.from({ length: heap.length }, () => Number(heap.shift()));
      deepEqual(rest, model);
    }),
  );
});
