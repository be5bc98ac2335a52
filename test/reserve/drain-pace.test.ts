import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { DrainPace } from '../../src/reserve/drain-pace.ts';

const LANES = 200;
const CLAIMS_PER_SECOND = 500;
const QUICK_MS = 0.3;
/** From this share of what it can do a machine answers claims later. */
const EASY = 0.8;

/** A machine that can do so much. Claims are answered later as soon as it has more to do than EASY of that. */
class Machine {
  perSecond = 30_000;
  quickMs = QUICK_MS;
  #load = 0;

  /** So much was done in a millisecond. */
  did(count: number): void {
    this.#load += ((count * 1_000) / this.perSecond - this.#load) / 100;
  }

  get claimMs(): number {
    return this.quickMs * (1 + Math.max(0, this.#load - EASY) * 5);
  }
}

/** A worker: others are sent `othersPerSecond`, and what is parked is fetched as the pace allows. */
class Worker {
  readonly machine: Machine;
  readonly pace: DrainPace;
  /** Of its clock on the wall. */
  readonly wallMs: number;
  nowMs = 1_000;
  others = LANES;
  othersPerSecond = 10_000;
  claimsPerSecond = CLAIMS_PER_SECOND;
  isDraining = true;
  /** That drain, how many are parked for each, and how many are asked for at once at most. */
  destinations = 1;
  parkedEach = Number.POSITIVE_INFINITY;
  mostAtOnce = 256;
  fetched = 0;
  /** What claims took. */
  tookMs: number[] = [];
  #owed = 0;
  #turn = 0;

  constructor(machine = new Machine(), wallMs = 0) {
    this.machine = machine;
    this.wallMs = wallMs;
    this.pace = new DrainPace(
      () => this.others,
      () => this.nowMs + this.wallMs,
    );
  }

  /** A millisecond passes. */
  step(): void {
    this.nowMs++;
    const fetched = this.#fetch();
    this.fetched += fetched;
    this.machine.did(this.othersPerSecond / 1_000 + fetched);
    this.#owed += this.claimsPerSecond / 1_000;
    if (this.#owed < 1) return;
    this.#owed--;
    const tookMs = this.machine.claimMs;
    this.tookMs.push(tookMs);
    this.pace.took(this.othersPerSecond / this.claimsPerSecond, tookMs);
  }

  #fetch(): number {
    let all = 0;
    for (let asked = 0; asked < this.destinations; asked++) {
      const allowed = this.pace.allowed(this.nowMs);
      if (allowed === 0 || !this.isDraining) break;
      const count = Math.min(allowed, this.mostAtOnce);
      const got = Math.min(count, this.parkedEach);
      this.pace.fetched(`d${this.#turn++ % this.destinations}`, count);
      this.pace.missed(count - got);
      all += got;
    }
    return all;
  }
}

/** Lets time pass; answers what was fetched per second, and how long claims took on average, of the first of the workers. */
function run(
  workers: readonly Worker[],
  seconds: number,
): { readonly perSecond: number; readonly tookMs: number } {
  const [first] = workers;
  const before = first!.fetched;
  first!.tookMs = [];
  for (let ms = 0; ms < seconds * 1_000; ms++) for (const worker of workers) worker.step();
  const tookMs = first!.tookMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, first!.tookMs.length);
  return { perSecond: (first!.fetched - before) / seconds, tookMs };
}

/** One that has been there for a while, with nothing to drain, while others were sent so much. */
function settledWorker(othersPerSecond = 10_000): Worker {
  const worker = new Worker();
  worker.isDraining = false;
  worker.othersPerSecond = othersPerSecond;
  run([worker], 5);
  worker.othersPerSecond = 10_000;
  worker.isDraining = true;
  return worker;
}

/** What is left over on a machine beside the others. */
const spareOf = ({ machine, othersPerSecond }: Worker) => machine.perSecond * EASY - othersPerSecond;

test('where nothing is ready, or next to nothing, or only for destinations with a backlog, there is no limit', () => {
  const { pace } = new Worker();
  equal(pace.allowed(1_000), Number.POSITIVE_INFINITY);
  for (let nowMs = 1_000; nowMs < 5_000; nowMs += 10) {
    if (nowMs % 250 === 0) pace.took(1, 1);
    pace.took(0, 1);
    equal(pace.allowed(nowMs), Number.POSITIVE_INFINITY);
  }
  const worker = settledWorker();
  run([worker], 5);
  ok(worker.pace.allowed(worker.nowMs) < 1_000);
  worker.others = 0;
  run([worker], 2);
  equal(worker.pace.allowed(worker.nowMs), Number.POSITIVE_INFINITY);
  worker.others = LANES;
  run([worker], 2);
  ok(worker.pace.allowed(worker.nowMs) < 1_000);
});

test('a broker so slow that few claims are answered does not lift the limit', () => {
  const worker = settledWorker();
  run([worker], 5);
  worker.claimsPerSecond = 4;
  worker.machine.quickMs = 200;
  run([worker], 5);
  const { perSecond } = run([worker], 5);
  ok(perSecond < worker.othersPerSecond * 0.26, `${perSecond} a second`);
});

test('beside others it takes what is left over, which is found within two seconds, and claims take hardly longer', () => {
  const worker = settledWorker();
  run([worker], 2);
  ok(run([worker], 1).perSecond > spareOf(worker) * 0.7);
  run([worker], 2);
  const { perSecond, tookMs } = run([worker], 20);
  ok(perSecond > spareOf(worker) * 0.8, `${perSecond} a second of ${spareOf(worker)} that are spare`);
  ok(tookMs < QUICK_MS * 1.3, `claims took ${tookMs} ms`);
});

test('it goes slower when others have more, and faster again', () => {
  const worker = settledWorker();
  const before = run([worker], 10).perSecond;
  worker.othersPerSecond = 20_000;
  run([worker], 3);
  const during = run([worker], 5);
  ok(during.tookMs < QUICK_MS * 1.5, `claims took ${during.tookMs} ms`);
  worker.othersPerSecond = 10_000;
  run([worker], 5);
  const after = run([worker], 5).perSecond;
  ok(during.perSecond < before * 0.7 && after > before * 0.8, `${before}, ${during.perSecond}, ${after}`);
});

test('however busy the machine, a quarter of what others are sent is fetched', () => {
  const worker = settledWorker();
  worker.machine.perSecond = 5_000;
  run([worker], 5);
  const { perSecond } = run([worker], 5);
  ok(perSecond > worker.othersPerSecond * 0.24 && perSecond < worker.othersPerSecond * 0.26);
});

test('and where many drain, as much as others are sent, whatever is asked for and is not there', () => {
  for (const parkedEach of [Number.POSITIVE_INFINITY, 1]) {
    const worker = settledWorker();
    worker.destinations = 5_000;
    worker.parkedEach = parkedEach;
    worker.mostAtOnce = 64;
    worker.machine.perSecond = 5_000;
    run([worker], 10);
    const { perSecond } = run([worker], 10);
    ok(perSecond > worker.othersPerSecond * 0.9 && perSecond < worker.othersPerSecond * 1.1, `${perSecond}`);
  }
});

test('where others are sent very little, it is 256 a second at least', () => {
  const worker = settledWorker();
  worker.othersPerSecond = 500;
  worker.machine.perSecond = 100;
  run([worker], 5);
  const { perSecond } = run([worker], 5);
  ok(perSecond > 250 && perSecond < 262, `${perSecond} a second`);
});

test('a worker that finds a backlog when it starts learns what is usual before it goes fast', () => {
  const worker = new Worker();
  run([worker], 0.3);
  const least = worker.othersPerSecond * 0.25;
  const { perSecond } = run([worker], 0.7);
  ok(perSecond < least * 1.2, `${perSecond} a second`);
  run([worker], 3);
  ok(run([worker], 2).perSecond > least * 2);
});

test('in a long drain it learns anew what is usual, and goes slower for a moment only', () => {
  const worker = settledWorker();
  const before = run([worker], 20).perSecond;
  worker.machine.quickMs = QUICK_MS * 2;
  ok(run([worker], 3).perSecond < before * 0.7, 'for all that is known the machine is busy');
  run([worker], 200);
  ok(run([worker], 25).perSecond > before * 0.7, 'it was broker or network that is further away now');
});

test('what was learnt in a burst is forgotten at the first chance', () => {
  const worker = settledWorker(35_000);
  run([worker], 32);
  const { tookMs } = run([worker], 20);
  ok(tookMs < QUICK_MS * 1.3, `claims took ${tookMs} ms`);
});

test('so it is where the destination, and not the machine, is what bounds the drain', () => {
  const worker = settledWorker(35_000);
  worker.mostAtOnce = 18;
  run([worker], 62);
  const { tookMs } = run([worker], 20);
  ok(tookMs < QUICK_MS * 1.4, `claims took ${tookMs} ms`);
});

test('workers that share machine and broker do not take each other for what is usual, though their clocks differ', () => {
  const machine = new Machine();
  const workers = [0, 70, 140, 210].map((wallMs) => new Worker(machine, wallMs));
  machine.perSecond *= workers.length;
  run(workers, 300);
  const { tookMs } = run(workers, 60);
  ok(tookMs < QUICK_MS * 1.4, `claims took ${tookMs} ms`);
});

test('a pace that a destination does not use grows no further', () => {
  const worker = settledWorker();
  worker.mostAtOnce = 1;
  run([worker], 20);
  worker.mostAtOnce = 256;
  ok(run([worker], 0.2).perSecond < 6_000, 'and so what wants more does not come all at once');
});

test('what may be fetched is earned in worthwhile portions, and is not saved up', () => {
  const pace = new DrainPace(
    () => LANES,
    () => 0,
  );
  let nowMs = 1_000;
  const after = (ms: number) => {
    nowMs += ms;
    return pace.allowed(nowMs);
  };
  // 16 000 others a second, and so a quarter of that.
  for (let epoch = 0; epoch < 3; epoch++) {
    for (let claim = 0; claim < 100; claim++) pace.took(40, 1);
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
