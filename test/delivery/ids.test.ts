import { deepEqual, equal, match, notEqual } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { idMint, mintedAtMs } from '../../src/delivery/ids.ts';

test('an id is 26 characters of Crockford’s alphabet', () => {
  match(idMint(Date.now, randomBytes)(), /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
});

test('ids sort in the order they were minted, within a millisecond and when the clock steps back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 2 ** 48 - 1 }), { minLength: 2, maxLength: 50 }), (times) => {
      const clock = times.values();
      const mint = idMint(() => clock.next().value ?? 0, randomBytes);
      const ids = times.map(mint);
      deepEqual(ids, ids.toSorted());
      equal(new Set(ids).size, ids.length);
    }),
  );
});

test('counting up within a millisecond carries from digit to digit', () => {
  const mint = idMint(
    () => 1,
    (count) => new Uint8Array(count).fill(31),
  );
  const [first, second] = [mint(), mint()];
  equal(first.slice(10), 'FZZZZZZZZZZZZZZZ');
  equal(second.slice(10), 'G000000000000000');
});

test('mints of different processes in the same millisecond differ', () => {
  notEqual(idMint(() => 1, randomBytes)(), idMint(() => 1, randomBytes)());
});

test('an id tells when it was minted, whatever its prefix', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 48 - 1 }), fc.constantFrom('', 'evt_'), (ms, prefix) => {
      equal(mintedAtMs(prefix + idMint(() => ms, randomBytes)()), ms);
    }),
  );
});

test('an id of another form tells no time', () => {
  for (const id of [
    '',
    'order-7',
    'evt_',
    `evt_${'8'.repeat(26)}`,
    `evt_${'0'.repeat(25)}I`,
    `evt_${'0'.repeat(25)}`,
  ])
    equal(mintedAtMs(id), null, id);
});
