import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { UNTRIED } from '../../src/dispatch/ending.ts';
import { IDLE_LANES_KEPT } from '../../src/dispatch/lanes.ts';
import {
  type Item,
  newDispatcher,
  PLACES_PER_SLOT,
  type Sent,
  SLOTS_PER_THREAD,
  THREADS,
} from './dispatching.ts';

const countBy = (items: readonly Item[]) => {
  const counts = new Map<string, number>();
  for (const { destination } of items) counts.set(destination, (counts.get(destination) ?? 0) + 1);
  return counts;
};

test('no more is out than there are slots, as long as no thread has shown its pace', () => {
  const { add, assign, dispatcher, grow } = newDispatcher();
  grow('a');
  add('a', 100);
  equal(assign().length, THREADS * SLOTS_PER_THREAD);
  equal(assign().length, 0);
  equal(dispatcher.waiting, 100 - THREADS * SLOTS_PER_THREAD);
});

test('a thread that finished many in the last period gets as many ahead, up to a bound, and none once it stands still', () => {
  const { add, assign, comeBack, out, dispatcher, grow } = newDispatcher(1, 8);
  grow('a');
  add('a', 1_000);
  assign();
  for (let i = 0; i < 5; i++) comeBack();
  dispatcher.turnOver();
  assign();
  equal(out.length, 8 + 5);
  for (let i = 0; i < 100; i++) {
    comeBack();
    assign();
  }
  dispatcher.turnOver();
  assign();
  equal(out.length, 8 * PLACES_PER_SLOT);
  dispatcher.turnOver();
  for (let i = 0; i < 8 * (PLACES_PER_SLOT - 1); i++) comeBack(UNTRIED);
  dispatcher.turnOver();
  equal(assign().length, 0, 'what came back for want of a slot is no sign of pace');
});

test('a destination alone may use every slot', () => {
  const { add, assign, grow } = newDispatcher();
  grow('alone');
  add('alone', 100);
  equal(assign().length, 16);
});

test('while others wait a destination keeps to a quarter of the slots, so a hanging one leaves them the rest', () => {
  const { add, assign, end, out, grow } = newDispatcher();
  grow('hanging');
  add('hanging', 1_000);
  for (let n = 0; n < 8; n++) add(`healthy-${n}`, 100);
  assign();
  // All but the hanging one come back at once, for a long time.
  for (let round = 0; round < 200; round++) {
    const index = out.findIndex(({ destination }) => destination !== 'hanging');
    if (index === -1) break;
    const [back] = out.splice(index, 1);
    end(back!);
    assign();
    ok((countBy(out).get('hanging') ?? 0) <= 4);
  }
  ok(out.some(({ destination }) => destination !== 'hanging'));
});

test('destinations take turns, whatever the length of their lanes', () => {
  const { add, assign, comeBack } = newDispatcher(1, 8);
  add('long', 10_000);
  for (let n = 0; n < 4; n++) add(`short-${n}`, 10);
  const sent = [...assign()];
  for (let i = 0; i < 92; i++) {
    comeBack();
    sent.push(...assign());
  }
  const short = sent.filter(({ destination }) => destination !== 'long');
  equal(short.length, 40, 'all of the short lanes are among the first 100');
});

test('bytes are shared, not counts: destinations with small bodies and with large ones get as much of a thread that is always full', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4_000 }),
      fc.integer({ min: 4_001, max: 150_000 }),
      (small, large) => {
        const { add, assign, comeBack } = newDispatcher(1, 40);
        const costOf = (bytes: number) => bytes + 1_024;
        for (let n = 0; n < 20; n++) {
          add(`small-${n}`, (20 * costOf(large)) / costOf(small), small);
          add(`large-${n}`, 20, large);
        }
        const sent = { small: 0, large: 0 };
        const count = (items: readonly Sent[]) => {
          for (const { bytes } of items) sent[bytes === small ? 'small' : 'large'] += costOf(bytes);
        };
        count(assign());
        while (sent.large < 200 * costOf(large)) {
          comeBack();
          count(assign());
        }
        const ratio = sent.small / sent.large;
        ok(ratio > 0.7 && ratio < 1.4, `${small} bytes against ${large}: ${ratio}`);
      },
    ),
    { numRuns: 30 },
  );
});

test('a destination keeps to one thread, also after it has been idle, as long as there is room', () => {
  const { add, assign, comeBack } = newDispatcher(4, 8);
  const threads = new Set<number>();
  for (let i = 0; i < 20; i++) {
    add('acct_42', 1);
    threads.add(assign()[0]!.thread);
    comeBack();
  }
  equal(threads.size, 1);
});

test('a destination with many out spreads over the threads, and different destinations prefer different ones', () => {
  const { add, assign, out, grow } = newDispatcher(4, 8);
  grow('hot');
  add('hot', 32);
  assign();
  deepEqual(
    [0, 1, 2, 3].map((thread) => out.filter((sent) => sent.thread === thread).length),
    [8, 8, 8, 8],
  );
  const preferred = new Set(
    Array.from({ length: 50 }, (_, n) => {
      const fresh = newDispatcher(4, 8);
      fresh.add(`acct_${n}`, 1);
      return fresh.assign()[0]!.thread;
    }),
  );
  equal(preferred.size, 4);
});

test('a withheld thread gets nothing, and its slots are there again when it is restored', () => {
  const { add, assign, comeBack, dispatcher, grow } = newDispatcher();
  grow('a');
  dispatcher.withhold(0);
  dispatcher.withhold(0);
  add('a', 100);
  const sent = assign();
  equal(sent.length, SLOTS_PER_THREAD);
  ok(sent.every(({ thread }) => thread === 1));
  dispatcher.restore(0);
  equal(assign().filter(({ thread }) => thread === 0).length, SLOTS_PER_THREAD);
  comeBack();
});

test('idle lanes are kept up to their limit and forgotten beyond it', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher();
  for (let n = 0; n < 2 * IDLE_LANES_KEPT; n++) add(`d${n}`, 2);
  for (let sent = assign(); sent.length > 0; sent = assign()) while (out.length > 0) comeBack();
  equal(dispatcher.lanes, IDLE_LANES_KEPT);
  add('cleared', 3);
  equal(dispatcher.clear().length, 3);
  equal(dispatcher.lanes, IDLE_LANES_KEPT);
  equal(dispatcher.waiting, 0);
});

test('clearing a lane takes out what waits in it, in order, and nothing of others or of what is out', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher(1, 8);
  add('a', 20);
  add('b', 20);
  assign();
  const waiting = countBy(out).get('a')!;
  const cleared = dispatcher.clearLane('a');
  deepEqual(countBy(cleared), new Map([['a', 20 - waiting]]));
  deepEqual(
    cleared.map(({ name }) => Number(name)),
    cleared.map(({ name }) => Number(name)).sort((a, b) => a - b),
  );
  deepEqual(dispatcher.clearLane('a'), []);
  deepEqual(dispatcher.clearLane('never seen'), []);
  const late = [];
  for (let sent = assign(); out.length > 0; sent = assign()) {
    late.push(...sent);
    comeBack();
  }
  deepEqual(new Set(late.map(({ destination }) => destination)), new Set(['b']));
  equal(dispatcher.waiting, 0);
  equal(add('a', 1), 0, 'what was cleared is parked, and goes first');
  dispatcher.exchange.drained('a', 0);
  add('a', 1);
  deepEqual(
    assign().map(({ destination }) => destination),
    ['a'],
  );
});

test('a lane that was cleared while it had nothing out is forgotten like any other, once nothing is parked for it', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher();
  for (let n = 0; n < 2 * IDLE_LANES_KEPT; n++) {
    add(`d${n}`, 1);
    dispatcher.clearLane(`d${n}`);
  }
  add('another', 1);
  assign();
  while (out.length > 0) comeBack();
  const { exchange } = dispatcher;
  for (let drains = exchange.drains(); drains.length > 0; drains = exchange.drains())
    for (const { destination } of drains) exchange.drained(destination, 0);
  equal(dispatcher.lanes, IDLE_LANES_KEPT);
});
