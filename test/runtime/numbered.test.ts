import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Numbered } from '../../src/runtime/numbered.ts';

test('each thing has a number that no other has meanwhile, and numbers stay small', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
      const numbered = new Numbered<string>();
      const out = new Map<number, string>();
      let most = 0;
      for (const [step, isAdd] of steps.entries()) {
        if (isAdd) {
          const number = numbered.add(`d${step}`);
          equal(out.has(number), false);
          out.set(number, `d${step}`);
        } else {
          const [number] = out.keys();
          if (number === undefined) continue;
          equal(numbered.take(number), out.get(number));
          out.delete(number);
        }
        most = Math.max(most, out.size);
        equal(numbered.count, out.size);
      }
      deepEqual(new Set(numbered.where(() => true)), new Set(out.values()));
      equal(
        [...out.keys()].every((number) => number < most),
        true,
      );
    }),
  );
});
