import { equal } from 'node:assert/strict';
import test from 'node:test';
import { SessionCache } from '../../src/thread/session-cache.ts';

const SESSIONS_KEPT = 2_000;
const session = (n: number) => Buffer.from(`${n}`);

test('the last session of each host is kept, until it is deleted', () => {
  const cache = new SessionCache();
  equal(cache.get('a:443'), undefined);
  cache.set('a:443', session(1));
  cache.set('b:443', session(2));
  cache.set('a:443', session(3));
  equal(cache.get('a:443')?.toString(), '3');
  cache.delete('a:443');
  cache.delete('never there');
  equal(cache.get('a:443'), undefined);
  equal(cache.get('b:443')?.toString(), '2');
});

test('of very many hosts those are kept whose sessions were made last', () => {
  const cache = new SessionCache();
  cache.set('renewed', session(0));
  cache.set('old', session(0));
  for (let n = 1; n <= SESSIONS_KEPT - 2; n++) cache.set(`host-${n}`, session(n));
  equal(cache.get('old')?.toString(), '0');
  cache.set('renewed', session(1));
  cache.set('one more', session(2));
  equal(cache.get('old'), undefined);
  equal(cache.get('renewed')?.toString(), '1');
  for (let n = 1; n <= SESSIONS_KEPT - 2; n++) equal(cache.get(`host-${n}`)?.toString(), `${n}`);
  for (let n = 0; n < SESSIONS_KEPT; n++) cache.set(`new-${n}`, session(n));
  equal(cache.get('renewed'), undefined);
});
