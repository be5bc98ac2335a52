import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ANSWERED, DELIVERED, type Ending, FAILED, UNTRIED } from '../../src/dispatch/ending.ts';
import type { LaneRules } from '../../src/dispatch/lane.ts';
import { newDispatcher, PLACES_PER_SLOT, SLOTS_PER_THREAD, THREADS, USUAL } from './dispatching.ts';

/** What may happen to a dispatcher, in any order. */
type Step =
  | { readonly kind: 'add'; readonly destination: string; readonly bytes: number; readonly count: number }
  | { readonly kind: 'assign' | 'turnOver' | 'clear' | 'probe' | 'tokens' | 'drain' | 'reconfigure' }
  | { readonly kind: 'clearLane' | 'unblocked'; readonly destination: string }
  | {
      readonly kind: 'blocked';
      readonly destination: string;
      readonly forMs: number;
      readonly isOpen: boolean;
    }
  | { readonly kind: 'comeBack'; readonly count: number; readonly ending: Ending; readonly afterMs: number }
  | { readonly kind: 'overflow'; readonly isShort: boolean }
  | { readonly kind: 'withhold' | 'restore'; readonly thread: number };

const destination = fc.constantFrom('a', 'b', 'c', 'd', '');
const thread = fc.integer({ min: 0, max: THREADS - 1 });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    destination,
    bytes: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 2_100_000 })),
    count: fc.integer({ min: 1, max: 30 }),
  }),
  fc.record({ kind: fc.constantFrom('assign' as const, 'assign' as const, 'turnOver' as const) }),
  fc.record({ kind: fc.constantFrom('probe' as const, 'tokens' as const, 'drain' as const) }),
  fc.record({ kind: fc.constantFrom('reconfigure' as const, 'clear' as const) }),
  fc.record({ kind: fc.constantFrom('clearLane' as const, 'unblocked' as const), destination }),
  fc.record({
    kind: fc.constant('blocked' as const),
    destination,
    forMs: fc.nat(60_000),
    isOpen: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('comeBack' as const),
    count: fc.integer({ min: 1, max: 20 }),
    ending: fc.constantFrom(
      DELIVERED,
      DELIVERED,
      FAILED,
      ANSWERED,
      UNTRIED,
      { kind: 'throttled', pauseMs: 0 } as const,
      { kind: 'throttled', pauseMs: 2_000 } as const,
    ),
    afterMs: fc.constantFrom(0, 1, 50, 5_000, 40_000),
  }),
  fc.record({ kind: fc.constant('overflow' as const), isShort: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('withhold' as const, 'restore' as const), thread }),
);

const RULES: Readonly<Record<string, LaneRules>> = {
  a: USUAL,
  b: { ...USUAL, window: 3 },
  c: { ...USUAL, rate: { perSecond: 10, burst: 5 } },
  d: { window: 1, rate: { perSecond: 1, burst: 1 }, breaker: null },
};

/** A dispatcher and a broker that parks, grants everything, and counts. */
function newModel() {
  const made = newDispatcher(undefined, undefined, (name) => RULES[name]!);
  const { dispatcher, clock, out } = made;
  const { exchange } = dispatcher;
  /** How many are parked, by destination, and how many have been sent or cleared in all. */
  const parked = new Map<string, number>();
  const gone = { count: 0 };
  const withheld = new Set<number>();
  let added = 0;
  const park = (name: string, count: number) => {
    if (count === 0) return;
    ok(name !== '', 'nothing is parked without a name');
    parked.set(name, (parked.get(name) ?? 0) + count);
    exchange.setParked(name, true);
  };
  const add = (name: string, count: number, bytes: number) => {
    added += count;
    park(name, count - made.add(name, count, bytes));
  };
  const send = () => {
    const sent = made.assign();
    gone.count += sent.length;
    ok(sent.every((item) => !withheld.has(item.thread)));
    for (let n = 0; n < THREADS; n++)
      ok(out.filter((item) => item.thread === n).length <= PLACES_PER_SLOT * SLOTS_PER_THREAD);
  };
  const probe = () => {
    for (const name of exchange.probesDue())
      exchange.probeAnswered(name, { kind: 'granted' }, clock.nowMs + 4_000);
  };
  const tokens = () => {
    for (const { destination: name, count } of exchange.wishes())
      exchange.granted(name, { count, waitMs: 0 });
  };
  const drain = () => {
    for (const { destination: name, count } of exchange.drains()) {
      const there = parked.get(name) ?? 0;
      const fetched = Math.min(there, count);
      parked.set(name, there - fetched);
      exchange.drained(name, fetched);
      park(name, fetched - made.add(name, fetched, 100, true));
    }
  };
  const clearBlocked = (name: string) => park(name, dispatcher.clearLane(name).length);
  const comeBack = (ending: Ending) => {
    const { destination: name } = made.comeBack(ending);
    const state = dispatcher.standing(name)?.state;
    if (state === 'open' || state === 'paused') clearBlocked(name);
  };
  const inAll = () => [...parked.values()].reduce((sum, count) => sum + count, 0) + dispatcher.waiting;
  return {
    ...{ dispatcher, exchange, clock, out, gone, withheld, added: () => added, inAll },
    ...{ add, send, probe, tokens, drain, clearBlocked, comeBack },
  };
}

type Model = ReturnType<typeof newModel>;

function take(model: Model, step: Step): void {
  const { dispatcher, exchange, clock, out, gone, withheld } = model;
  switch (step.kind) {
    case 'add':
      model.add(step.destination, step.count, step.bytes);
      break;
    case 'assign':
      model.send();
      break;
    case 'turnOver':
    case 'reconfigure':
      dispatcher[step.kind]();
      break;
    case 'probe':
    case 'tokens':
    case 'drain':
      model[step.kind]();
      break;
    case 'clear':
      gone.count += dispatcher.clear().length;
      break;
    case 'clearLane':
      if (step.destination !== '') model.clearBlocked(step.destination);
      break;
    case 'unblocked':
      exchange.unblocked(step.destination);
      break;
    case 'blocked': {
      const { forMs, isOpen } = step;
      const block = { kind: isOpen ? 'open' : 'paused', forMs, opened: isOpen ? 2 : 0 } as const;
      if (exchange.blocked(step.destination, block)) model.clearBlocked(step.destination);
      break;
    }
    case 'comeBack':
      clock.nowMs += step.afterMs;
      for (let n = 0; n < step.count && out.length > 0; n++) model.comeBack(step.ending);
      break;
    case 'overflow':
      dispatcher.overflow({ count: 16, bytes: 1e6, takenShare: step.isShort ? 0.9 : 0 }, (item) => {
        model.gone.count++;
        ok(item.destination !== '');
      });
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
}

test('whatever happens in whatever order, each delivery is sent, parked or cleared once, blocked lanes hold nothing, and in the end everything goes out', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 100, size: 'max' }), (steps) => {
      const model = newModel();
      const { dispatcher, clock, out, gone, withheld } = model;
      for (const step of steps) {
        take(model, step);
        equal(gone.count + model.inAll(), model.added());
        for (const name of ['a', 'b', 'c', 'd']) {
          const standing = dispatcher.standing(name);
          if (standing !== null && standing.blockedForMs > 0) equal(standing.waiting, 0);
        }
      }
      // Once threads are back and slots come free, everything goes out.
      for (let n = 0; n < THREADS; n++) dispatcher.restore(n);
      withheld.clear();
      for (let left = 3 * model.added() + 100; model.inAll() > 0 && left > 0; left--) {
        clock.nowMs = Math.max(clock.nowMs + 10, model.exchange.nextChangeMs() ?? 0);
        while (out.length > 0) model.comeBack(DELIVERED);
        model.probe();
        model.tokens();
        model.drain();
        model.send();
      }
      while (out.length > 0) model.comeBack(DELIVERED);
      equal(model.inAll(), 0);
      equal(gone.count, model.added());
    }),
    { numRuns: 1_000 },
  );
});
