import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Dispatcher, IDLE_LANES_KEPT } from '../../src/dispatch/dispatcher.ts';

interface Item {
  readonly name: string;
  readonly destination: string;
  readonly bytes: number;
}

interface Sent extends Item {
  readonly thread: number;
}

const THREADS = 2;
const SLOTS_PER_THREAD = 8;
/** Its slots, and two seats ahead of each when it is fast. */
const PLACES_PER_SLOT = 3;

function newDispatcher(threads = THREADS, slotsPerThread = SLOTS_PER_THREAD) {
  const dispatcher = new Dispatcher<Item>(threads, slotsPerThread);
  let made = 0;
  const out: Sent[] = [];
  const add = (destination: string, count: number, bytes = 1_000) => {
    for (let i = 0; i < count; i++) dispatcher.add(destination, { name: `${made++}`, destination, bytes });
  };
  const assign = () => {
    const sent: Sent[] = [];
    dispatcher.assign((item, thread) => sent.push({ ...item, thread }));
    out.push(...sent);
    return sent;
  };
  /** The one that was sent first comes back. */
  const comeBack = (finished = true) => {
    const back = out.shift()!;
    dispatcher.release(back.destination, back.thread, finished);
    return back;
  };
  return { dispatcher, add, assign, comeBack, out };
}

const countBy = (items: readonly Item[]) => {
  const counts = new Map<string, number>();
  for (const { destination } of items) counts.set(destination, (counts.get(destination) ?? 0) + 1);
  return counts;
};

test('no more is out than there are slots, as long as no thread has shown its pace', () => {
  const { add, assign, dispatcher } = newDispatcher();
  add('a', 100);
  equal(assign().length, THREADS * SLOTS_PER_THREAD);
  equal(assign().length, 0);
  equal(dispatcher.waiting, 100 - THREADS * SLOTS_PER_THREAD);
});

test('a thread that finished many in the last period gets as many ahead, up to a bound, and none once it stands still', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher(1, 8);
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
  for (let i = 0; i < 8 * (PLACES_PER_SLOT - 1); i++) comeBack(false);
  dispatcher.turnOver();
  equal(assign().length, 0, 'what came back for want of a slot is no sign of pace');
});

test('a destination alone may use every slot', () => {
  const { add, assign } = newDispatcher();
  add('alone', 100);
  equal(assign().length, 16);
});

test('while others wait a destination keeps to a quarter of the slots, so a hanging one leaves them the rest', () => {
  const { add, assign, out, dispatcher } = newDispatcher();
  add('hanging', 1_000);
  for (let n = 0; n < 8; n++) add(`healthy-${n}`, 100);
  assign();
  // All but the hanging one come back at once, for a long time.
  for (let round = 0; round < 200; round++) {
    const index = out.findIndex(({ destination }) => destination !== 'hanging');
    if (index === -1) break;
    const [back] = out.splice(index, 1);
    dispatcher.release(back!.destination, back!.thread, true);
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
      fc.integer({ min: 4_000, max: 150_000 }),
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
  const { add, assign, out } = newDispatcher(4, 8);
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
  const { add, assign, comeBack, dispatcher } = newDispatcher();
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
  add('a', 1);
  deepEqual(
    assign().map(({ destination }) => destination),
    ['a'],
  );
});

test('a lane that was cleared while it had nothing out is forgotten like any other', () => {
  const { add, assign, comeBack, out, dispatcher } = newDispatcher();
  for (let n = 0; n < 2 * IDLE_LANES_KEPT; n++) {
    add(`d${n}`, 1);
    dispatcher.clearLane(`d${n}`);
  }
  add('another', 1);
  assign();
  while (out.length > 0) comeBack();
  equal(dispatcher.lanes, IDLE_LANES_KEPT);
});

/** What may happen to a dispatcher, in any order. */
type Step =
  | { readonly kind: 'add'; readonly destination: string; readonly bytes: number; readonly count: number }
  | { readonly kind: 'assign' | 'turnOver' | 'clear' }
  | { readonly kind: 'clearLane'; readonly destination: string }
  | { readonly kind: 'comeBack'; readonly count: number; readonly finished: boolean }
  | { readonly kind: 'withhold' | 'restore'; readonly thread: number };

const thread = fc.integer({ min: 0, max: THREADS - 1 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    destination: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    bytes: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 2_100_000 })),
    count: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({ kind: fc.constantFrom('assign' as const, 'assign' as const, 'turnOver' as const) }),
  fc.record({ kind: fc.constantFrom('assign' as const, 'clear' as const) }),
  fc.record({ kind: fc.constant('clearLane' as const), destination: fc.constantFrom('a', 'b', 'c') }),
  fc.record({
    kind: fc.constant('comeBack' as const),
    count: fc.integer({ min: 1, max: 20 }),
    finished: fc.boolean(),
  }),
  fc.record({ kind: fc.constantFrom('withhold' as const, 'restore' as const), thread }),
);

test('whatever happens in whatever order, each delivery is sent once or cleared once, and no thread is given more than it has places', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const { add, assign, comeBack, out, dispatcher } = newDispatcher();
      const gone: string[] = [];
      const withheld = new Set<number>();
      let added = 0;
      const send = () => {
        const sent = assign();
        gone.push(...sent.map(({ name }) => name));
        ok(sent.every((item) => !withheld.has(item.thread)));
        for (let n = 0; n < THREADS; n++)
          ok(out.filter((item) => item.thread === n).length <= PLACES_PER_SLOT * SLOTS_PER_THREAD);
      };
      for (const step of steps) {
        switch (step.kind) {
          case 'add':
            add(step.destination, step.count, step.bytes);
            added += step.count;
            break;
          case 'assign':
            send();
            break;
          case 'turnOver':
            dispatcher.turnOver();
            break;
          case 'clear':
            gone.push(...dispatcher.clear().map(({ name }) => name));
            break;
          case 'clearLane':
            gone.push(...dispatcher.clearLane(step.destination).map(({ name }) => name));
            break;
          case 'comeBack':
            for (let n = 0; n < step.count && out.length > 0; n++) comeBack(step.finished);
            break;
          case 'withhold':
            withheld.add(step.thread);
            dispatcher.withhold(step.thread);
            break;
          case 'restore':
            withheld.delete(step.thread);
            dispatcher.restore(step.thread);
            break;
          default:
            step satisfies never;
        }
        equal(gone.length + dispatcher.waiting, added);
      }
      // Once threads are back and slots come free, everything goes out.
      for (let n = 0; n < THREADS; n++) dispatcher.restore(n);
      withheld.clear();
      for (let left = added + 1; dispatcher.waiting > 0 && left > 0; left--) {
        while (out.length > 0) comeBack();
        send();
      }
      while (out.length > 0) comeBack();
      equal(gone.length, added);
      equal(new Set(gone).size, added);
    }),
    { numRuns: 300 },
  );
});
