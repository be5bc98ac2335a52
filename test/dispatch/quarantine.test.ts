import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Quarantine } from '../../src/dispatch/quarantine.ts';

test('suspects are tried one at a time on the thread set aside, and it is used normally again when none is left', () => {
  const quarantine = new Quarantine<string>();
  equal(quarantine.threadLost(1, ['a', 'b'], true), null);
  deepEqual(quarantine.release(), []);
  deepEqual(quarantine.next(), { suspect: 'a', thread: 1 });
  equal(quarantine.next(), null);
  quarantine.ended('somebody else');
  equal(quarantine.next(), null);
  quarantine.ended('a');
  deepEqual(quarantine.next(), { suspect: 'b', thread: 1 });
  deepEqual(quarantine.release(), []);
  quarantine.ended('b');
  deepEqual(quarantine.release(), [1]);
  deepEqual(quarantine.release(), []);
});

test('the one that takes its thread with it when alone is poison', () => {
  const quarantine = new Quarantine<string>();
  quarantine.threadLost(0, ['innocent', 'poison'], true);
  quarantine.next();
  quarantine.ended('innocent');
  equal(quarantine.next()?.suspect, 'poison');
  equal(quarantine.threadLost(0, ['poison'], true), 'poison');
  deepEqual(quarantine.release(), [0]);
});

test('a thread that dies before it served proves nothing against the delivery that was waiting for it', () => {
  const quarantine = new Quarantine<string>();
  quarantine.threadLost(0, ['a'], true);
  quarantine.next();
  equal(quarantine.threadLost(0, ['a'], false), null);
  deepEqual(quarantine.next(), { suspect: 'a', thread: 0 });
});

test('another thread’s death in the meantime adds its suspects and says nothing of the one being tried', () => {
  const quarantine = new Quarantine<string>();
  quarantine.threadLost(0, ['a'], true);
  quarantine.next();
  equal(quarantine.threadLost(1, ['b', 'c'], true), null);
  equal(quarantine.waiting, 2);
  quarantine.ended('a');
  equal(quarantine.next()?.suspect, 'b');
  deepEqual(quarantine.clear(), ['c']);
  quarantine.ended('b');
  deepEqual(quarantine.release(), [0, 1]);
});

test('of any deliveries on any threads, exactly the poisonous ones are found, however many there are', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (poisonous) => {
      const quarantine = new Quarantine<number>();
      const found: number[] = [];
      const survived: number[] = [];
      if (poisonous.includes(true)) quarantine.threadLost(0, [...poisonous.keys()], true);
      for (let next = quarantine.next(); next !== null; next = quarantine.next()) {
        const { suspect, thread } = next;
        if (poisonous[suspect]) found.push(quarantine.threadLost(thread, [suspect], true)!);
        else {
          survived.push(suspect);
          quarantine.ended(suspect);
        }
      }
      deepEqual(found, poisonous.includes(true) ? [...poisonous.keys()].filter((n) => poisonous[n]) : []);
      if (found.length > 0) equal(found.length + survived.length, poisonous.length);
    }),
  );
});
