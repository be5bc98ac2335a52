import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { DrainPace } from '../../src/reserve/drain-pace.ts';

const LANES = 200;
const CLAIMS_PER_SECOND = 500;
const QUICK_MS = 0.3;
/** From this share of what it can do a machine answers claims later. */
const EASY = 0.8;

/**
 * A worker on a machine that can do so much: others are sent `othersPerSecond`, and what is parked is fetched as the pace allows.
 * Claims are answered later as soon as the machine has more to do than EASY of what it can.
 */
class Modelled {
  readonly pace = new DrainPace(() => LANES + this.destinations);
  nowMs = 1_000;
  othersPerSecond = 10_000;
  perSecond = 30_000;
  quickMs = QUICK_MS;
  /** That drain, and what each can be sent at most. */
  destinations = 1;
  mostPerSecond = Number.POSITIVE_INFINITY;
  readonly fetchedOf = new Map<string, number>();
  fetched = 0;
  /** What claims took, of those since `forget`. */
  tookMs: number[] = [];
  #load = 0;
  #turn = 0;

  /** Lets time pass; answers what was fetched per second, and how long claims took on average. */
  run(seconds: number, isDraining = true): { perSecond: number; tookMs: number } {
    const before = this.fetched;
    this.tookMs = [];
    for (let ms = 0; ms < seconds * 1_000; ms++) this.#step(isDraining);
    const tookMs = this.tookMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, this.tookMs.length);
    return { perSecond: (this.fetched - before) / seconds, tookMs };
  }

  #step(isDraining: boolean): void {
    this.nowMs++;
    const fetched = isDraining ? this.#fetch() : 0;
    this.#load += ((this.othersPerSecond + fetched * 1_000) / this.perSecond - this.#load) / 100;
    if (this.othersPerSecond === 0 || this.nowMs % (1_000 / CLAIMS_PER_SECOND) !== 0) return;
    const took = this.quickMs * (1 + Math.max(0, this.#load - EASY) * 5);
    this.tookMs.push(took);
    this.pace.claimed(this.othersPerSecond / CLAIMS_PER_SECOND, took);
  }

  #fetch(): number {
    let all = 0;
    const mostOfEach = Math.max(1, Math.ceil(this.mostPerSecond / 1_000));
    for (let asked = 0; asked < this.destinations; asked++) {
      const allowed = this.pace.allowed(this.nowMs);
      if (allowed === 0) break;
      const destination = `d${this.#turn++ % this.destinations}`;
      const count = Math.min(allowed, mostOfEach, 256);
      this.pace.fetched(destination, count);
      this.fetchedOf.set(destination, (this.fetchedOf.get(destination) ?? 0) + count);
      all += count;
    }
    this.fetched += all;
    return all;
  }
}

test('where nothing else is claimed, or next to nothing, there is no limit', () => {
  const alone = new Modelled();
  alone.othersPerSecond = 0;
  equal(alone.pace.allowed(alone.nowMs), Number.POSITIVE_INFINITY);
  alone.run(3);
  equal(alone.pace.allowed(alone.nowMs), Number.POSITIVE_INFINITY);

  const { pace } = alone;
  for (let ms = 0; ms < 3_000; ms += 10) {
    if (ms % 250 === 0) pace.claimed(1, 1);
    equal(pace.allowed(alone.nowMs + ms), Number.POSITIVE_INFINITY);
  }
});

test('beside others it takes what is left over, and claims hardly longer', () => {
  const machine = new Modelled();
  machine.run(5, false);
  machine.run(5);
  const { perSecond, tookMs } = machine.run(25);
  const spare = machine.perSecond * EASY - machine.othersPerSecond;
  ok(perSecond > spare * 0.8, `${perSecond} a second of ${spare} that are spare`);
  ok(tookMs < QUICK_MS * 1.3, `claims took ${tookMs} ms`);
});

test('it is found within two seconds how much is left over', () => {
  const machine = new Modelled();
  machine.run(5, false);
  machine.run(2);
  ok(machine.run(1).perSecond > (machine.perSecond * EASY - machine.othersPerSecond) * 0.7);
});

test('it goes slower when others have more, and faster again', () => {
  const machine = new Modelled();
  machine.run(5, false);
  const before = machine.run(10).perSecond;
  machine.othersPerSecond = 20_000;
  machine.run(3);
  const during = machine.run(5);
  ok(during.tookMs < QUICK_MS * 1.5, `claims took ${during.tookMs} ms`);
  machine.othersPerSecond = 10_000;
  machine.run(5);
  const after = machine.run(5).perSecond;
  ok(during.perSecond < before * 0.7 && after > before * 0.8, `${before}, ${during.perSecond}, ${after}`);
});

test('however busy the machine, a quarter of what others are sent is fetched', () => {
  const machine = new Modelled();
  machine.run(5, false);
  machine.perSecond = 5_000;
  machine.run(5);
  const { perSecond } = machine.run(5);
  ok(perSecond > machine.othersPerSecond * 0.24, `${perSecond} a second`);
});

test('however busy the machine, each that drains is sent twice what others are on average, and all have their turns', () => {
  const machine = new Modelled();
  machine.destinations = LANES;
  machine.mostPerSecond = 1_000;
  machine.run(5, false);
  machine.perSecond = 5_000;
  machine.run(10);
  machine.fetchedOf.clear();
  const { perSecond } = machine.run(10);
  ok(perSecond > machine.othersPerSecond * 2 * 0.9, `${perSecond} a second`);
  const counts = [...machine.fetchedOf.values()];
  equal(counts.length, LANES);
  ok(Math.min(...counts) > Math.max(...counts) * 0.8);
});

test('a worker that finds a backlog when it starts learns what is usual before it goes fast', () => {
  const machine = new Modelled();
  machine.run(0.3);
  const least = machine.othersPerSecond * 0.25;
  const { perSecond } = machine.run(0.5);
  ok(perSecond < least * 1.2, `${perSecond} a second`);
  machine.run(3);
  ok(machine.run(2).perSecond > least * 2);
});

test('in a long drain it learns anew what is usual, and goes slower for a moment only', () => {
  const machine = new Modelled();
  machine.run(5, false);
  const before = machine.run(25).perSecond;
  machine.quickMs = QUICK_MS * 2;
  machine.run(20);
  ok(machine.run(5).perSecond < before * 0.7, 'for all that is known the machine is busy');
  machine.run(200);
  ok(machine.run(25).perSecond > before * 0.7, 'it was broker or network that is further away now');
});

test('a pace that a destination does not use grows no further', () => {
  const machine = new Modelled();
  machine.mostPerSecond = 1_000;
  machine.run(5, false);
  machine.run(20);
  machine.mostPerSecond = Number.POSITIVE_INFINITY;
  ok(machine.run(0.2).perSecond < 6_000, 'and so what wants more does not come all at once');
});

test('what is fetched at once is worth it, and nothing is saved up', () => {
  const pace = new DrainPace(() => LANES);
  let nowMs = 1_000;
  const after = (ms: number) => {
    nowMs += ms;
    return pace.allowed(nowMs);
  };
  // 16 000 others a second, and so a quarter of that.
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let claim = 0; claim < 100; claim++) pace.claimed(40, 1);
    after(250);
  }
  pace.fetched('a', after(10));
  const allowed = [];
  for (let turn = 0; turn < 10; turn++) {
    const count = after(2);
    allowed.push(count);
    if (count > 0) pace.fetched('a', count);
  }
  deepEqual(allowed, [0, 0, 0, 0, 40, 0, 0, 0, 0, 40]);
  equal(after(200), 80);
});
