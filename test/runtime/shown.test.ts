import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { shown } from '../../src/runtime/shown.ts';

test('a value is shown as JSON in one line, and cut where it is long', () => {
  equal(shown('a\nb'), '"a\\nb"');
  equal(shown(5), '5');
  equal(shown([true, null]), '[true,null]');
  equal(shown('x'.repeat(78)), `"${'x'.repeat(78)}"`);
  equal(shown('x'.repeat(79)), `"${'x'.repeat(79)}…`);
});

test('the password of a URL is not shown, and of an object only that it is one', () => {
  equal(shown('https://user:hush/@hush@example.com/a'), '"https://…@example.com/a"');
  equal(shown(new Map([['a', 1]])), '{…}');
  equal(shown(['//a:b@c', new Map()]), '["//…@c","{…}"]');
});
