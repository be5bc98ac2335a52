import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { bySecond, percentile, RECEIVERS, type Receiver } from './modelled-receivers.ts';
import { Simulation } from './simulator.ts';

const THREADS = 2;
const SLOTS_PER_THREAD = 20;
const SLOTS = THREADS * SLOTS_PER_THREAD;
const MINUTE_MS = 60_000;
const HEALTHY = RECEIVERS.healthy();
const USUAL = { window: null, rate: null, breaker: { failures: 5, coolOffMs: 30_000 } };

/** One destination of 100 ms that is out of order for ten minutes, among others that are not. */
function outage() {
  const [fromMs, healedMs] = [MINUTE_MS, 11 * MINUTE_MS];
  const bad = RECEIVERS.outage(RECEIVERS.healthy(100), fromMs, healedMs);
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: (destination) => (destination === 'bad' ? bad : HEALTHY),
  });
  for (let n = 0; n < 10; n++) simulation.stream(`healthy-${n}`, 1, 0, 60 * MINUTE_MS);
  simulation.stream('bad', 25, 0, 20 * MINUTE_MS);
  simulation.run(60 * MINUTE_MS);
  return { mostHeld: simulation.workers[0]!.mostHeld, track: simulation.track('bad'), healedMs };
}

const { track: healed, healedMs, mostHeld } = outage();
/** What its share of the slots can do in a second. */
const STEADY_PER_SECOND = (SLOTS * 0.25 * 1_000) / 100;

test('after an outage of ten minutes no second has more attempts than 1.5 times what the window can do', () => {
  const attempts = bySecond(healed.attemptsMs.filter((ms) => ms >= healedMs));
  const peak = Math.max(...attempts.values());
  ok(peak <= 1.5 * STEADY_PER_SECOND, `${peak} against ${STEADY_PER_SECOND}`);
});

test('during an outage a destination gets little more than probes, nothing dies of it, and all is delivered afterwards', () => {
  const during = healed.attemptsMs.filter((ms) => ms >= MINUTE_MS && ms < healedMs);
  ok(during.length < 30, `${during.length} attempts`);
  equal(healed.dead, 0);
  equal(healed.agesMs.length, healed.published);
  ok(mostHeld < 600, `${mostHeld}`);
});

test('a destination that is back is found out within the longest cool-off, and its backlog drains at the pace of its window', () => {
  const firstMs = healed.attemptsMs.find((ms) => ms >= healedMs)!;
  ok(firstMs - healedMs <= 12 * MINUTE_MS, `first attempt after ${(firstMs - healedMs) / 1_000} s`);
  const lastMs = healed.attemptsMs.at(-1)!;
  // All that was published until the end, at the pace of its share; half of that again is slack for the ramp.
  const drainMs = (healed.published / STEADY_PER_SECOND) * 1_000;
  ok(lastMs - firstMs <= 1.5 * drainMs, `drained after ${(lastMs - firstMs) / MINUTE_MS} min`);
});

test('the retries of a burst are spread: no second has more than a twentieth of them beyond what the schedule implies', () => {
  const burst = 20_000;
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: () => RECEIVERS.failing(),
    laneRulesOf: () => ({ ...USUAL, window: SLOTS, breaker: null }),
  });
  simulation.publish('failing', burst);
  simulation.run(20 * MINUTE_MS);
  const { retriesMs, dead } = simulation.track('failing');
  equal(dead, burst);
  for (const [attempt, waitMs] of [1_000, 5_000, 30_000, 60_000, 300_000].entries()) {
    const due = retriesMs[attempt + 1]!;
    equal(due.length, burst);
    const mostInASecond = Math.max(...bySecond(due).values()) / burst;
    const implied = Math.min(1, 1_000 / (waitMs * 0.2));
    ok(mostInASecond <= implied + 0.05, `${mostInASecond} after attempt ${attempt + 1}`);
  }
});

test('a thousand destinations that die at the same moment are not probed at the same moment', () => {
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: () => RECEIVERS.refusing(),
  });
  for (let n = 0; n < 1_000; n++) simulation.publish(`${n}`, 10);
  simulation.run(MINUTE_MS);
  const probesMs: number[] = [];
  for (let n = 0; n < 1_000; n++)
    probesMs.push(...simulation.track(`${n}`).attemptsMs.filter((ms) => ms > 30_000));
  ok(probesMs.length >= 1_000);
  const most = Math.max(...bySecond(probesMs).values()) / probesMs.length;
  ok(most <= 1 / 6 + 0.05, `${most} of them in a second`);
});

test('a million deliveries of a dead destination cost a worker no memory, and all are delivered once it heals', () => {
  const million = 1_000_000;
  const healsMs = 30_000;
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: () => RECEIVERS.outage(RECEIVERS.healthy(2), 0, healsMs),
  });
  simulation.publish('dead', million);
  const worker = simulation.workers[0]!;
  simulation.run(healsMs);
  equal(worker.held, 0);
  ok(simulation.broker.parked('dead') >= million - 100);
  simulation.run(10 * MINUTE_MS);
  ok(worker.mostHeld <= 1_024, `${worker.mostHeld}`);
  const { agesMs, places } = simulation.track('dead');
  equal(agesMs.length, million);
  equal(new Set(places).size, million);
});

test('what is parked for a slow destination is not overtaken by what comes later', () => {
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: (destination) => (destination === 'slow' ? RECEIVERS.slow(500) : HEALTHY),
  });
  for (let n = 0; n < 20; n++) simulation.stream(`healthy-${n}`, 50, 0, 5 * MINUTE_MS);
  simulation.publish('slow', 3_000);
  simulation.stream('slow', 10, 0, 5 * MINUTE_MS);
  simulation.run(2 * MINUTE_MS);
  ok(simulation.broker.parked('slow') > 0);
  const { places } = simulation.track('slow');
  ok(places.length > 1_500, `${places.length}`);
  let most = 0;
  const overtaken = places.map((place) => {
    most = Math.max(most, place);
    return most - place;
  });
  ok(Math.max(...overtaken) < 100, `${Math.max(...overtaken)}`);
});

test('two workers of a queue send one probe between them, and both take part when it has succeeded', () => {
  const healsMs = 20_000;
  const bad = RECEIVERS.outage(RECEIVERS.healthy(50), 0, healsMs);
  const simulation = new Simulation({
    workers: 2,
    threads: 1,
    slotsPerThread: 20,
    receiverOf: () => bad,
  });
  simulation.publish('bad', 2_000);
  simulation.stream('bad', 5, 1_000, 2 * MINUTE_MS);
  simulation.run(healsMs);
  const before = simulation.track('bad').attemptsMs.length;
  ok(before <= 20, `${before} attempts by two workers before they stopped`);
  simulation.run(39_000);
  equal(simulation.broker.probes, 1);
  simulation.run(5 * MINUTE_MS);
  equal(simulation.broker.probes, 1);
  equal(simulation.track('bad').agesMs.length, simulation.track('bad').published);
  for (const { dispatcher } of simulation.workers) equal(dispatcher.standing('bad')?.state, 'closed');
});

test('two workers keep one rate limit between them exactly, and use all of it', () => {
  const rate = { perSecond: 50, burst: 20 };
  const simulation = new Simulation({
    workers: 2,
    threads: 1,
    slotsPerThread: 20,
    receiverOf: () => HEALTHY,
    laneRulesOf: (destination) => ({ ...USUAL, rate: destination === 'limited' ? rate : null }),
  });
  simulation.publish('limited', 5_000);
  for (let n = 0; n < 20; n++) simulation.stream(`free-${n}`, 20, 0, 2 * MINUTE_MS);
  simulation.run(90_000);
  const { attemptsMs } = simulation.track('limited');
  ok(attemptsMs.length >= 0.98 * (rate.burst + 90 * rate.perSecond), `${attemptsMs.length}`);
  // In any stretch: the burst, and the rate over its length and the moment that a token takes to be used.
  for (let from = 0; from < attemptsMs.length; from++)
    for (const count of [1, 10, 100, 1_000]) {
      const to = attemptsMs[from + count];
      if (to === undefined) continue;
      const most = rate.burst + ((to - attemptsMs[from]! + 50) / 1_000) * rate.perSecond;
      ok(count <= most, `${count} in ${to - attemptsMs[from]!} ms`);
    }
  equal(simulation.track('limited').dead, 0);
});

test('two workers that are asked for a pause both keep to it, and attempts begin again one by one', () => {
  const simulation = new Simulation({
    workers: 2,
    threads: 1,
    slotsPerThread: 20,
    receiverOf: () => RECEIVERS.throttling(0, 30),
  });
  simulation.publish('busy', 500);
  simulation.run(29_000);
  const { attemptsMs } = simulation.track('busy');
  ok(attemptsMs.length <= 20, `${attemptsMs.length}`);
  equal(attemptsMs.filter((ms) => ms > 1_000).length, 0);
  deepEqual(
    simulation.workers.map(({ dispatcher }) => dispatcher.standing('busy')?.state),
    ['paused', 'paused'],
  );
});

test('10 000 destinations for an hour, of which some die, throttle and hang: the others are served as if they did not', () => {
  const receivers: Receiver[] = [
    RECEIVERS.hanging(),
    RECEIVERS.refusing(),
    RECEIVERS.throttling(1, 30),
    RECEIVERS.slow(),
  ];
  const healthy = RECEIVERS.healthy(50);
  const isHealthy = (n: number) => n % 50 >= receivers.length;
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: (destination) => {
      const n = Number(destination);
      return isHealthy(n) ? healthy : receivers[n % 50]!;
    },
  });
  for (let n = 0; n < 10_000; n++) simulation.stream(`${n}`, 1 / 600, 0, 60 * MINUTE_MS);
  simulation.run(62 * MINUTE_MS);
  const ages: number[] = [];
  for (let n = 0; n < 10_000; n++) if (isHealthy(n)) ages.push(...simulation.track(`${n}`).agesMs);
  ok(ages.length > 50_000);
  ok(percentile(ages, 0.99) < 400, `${percentile(ages, 0.99)} ms`);
});
