import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { IdleList, type Linked } from '../../src/thread/idle-list.ts';

class Item implements Linked<Item> {
  readonly name: number;
  older: Item | null = null;
  newer: Item | null = null;

  constructor(name: number) {
    this.name = name;
  }
}

/** From the oldest on, checked in both directions. */
function namesIn(list: IdleList<Item>): number[] {
  const names: number[] = [];
  let before: Item | null = null;
  for (let item = list.oldest; item !== null; item = item.newer) {
    equal(item.older, before);
    names.push(item.name);
    before = item;
  }
  return names;
}

test('whatever is appended and removed, in whatever order, the list is as an array would be', () => {
  const NAMES = 6;
  const anyStep = fc.tuple(fc.constantFrom('append' as const, 'remove' as const), fc.nat({ max: NAMES - 1 }));
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
      const items = Array.from({ length: NAMES }, (_, name) => new Item(name));
      const list = new IdleList<Item>();
      let expected: number[] = [];
      for (const [step, name] of steps) {
        const isIn = expected.includes(name);
        if (step === 'append' && !isIn) {
          list.append(items[name]!);
          expected.push(name);
        } else if (step === 'remove') {
          list.remove(items[name]!);
          expected = expected.filter((each) => each !== name);
          deepEqual([items[name]!.older, items[name]!.newer], [null, null]);
        }
        deepEqual(namesIn(list), expected);
      }
    }),
    { numRuns: 300 },
  );
});
