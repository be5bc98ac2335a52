import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '../../src/runtime/bounded-map.ts';

test('it keeps as many entries as it may, and is emptied before one more', () => {
  const kept = new BoundedMap<string, number>(2);
  kept.set('a', 1).set('b', 2);
  equal(kept.get('a'), 1);
  kept.set('c', 3);
  deepEqual([...kept], [['c', 3]]);
});
