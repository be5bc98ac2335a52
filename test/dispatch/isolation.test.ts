import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { percentile, RECEIVERS, type Receiver } from './modelled-receivers.ts';
import { Simulation } from './simulator.ts';

const THREADS = 2;
const SLOTS_PER_THREAD = 20;
const SLOTS = THREADS * SLOTS_PER_THREAD;
const HEALTHY = 200;
const MEAN_MS = 5;
/** Of all destinations, per second: 70 % of what the slots can do. */
const RATE = (0.7 * SLOTS * 1_000) / MEAN_MS;
const RUN_MS = 20_000;

interface Disturbance {
  readonly receiver: Receiver;
  /** Its part of the traffic, in events per second, and whether that is taken from the others'. */
  readonly perSecond: number;
  readonly instead: boolean;
  readonly bytes?: number;
}

const FIVE_PERCENT = { perSecond: RATE * 0.05, instead: true };

const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  'a hanging one': { receiver: RECEIVERS.hanging(), ...FIVE_PERCENT },
  'one that refuses connections': { receiver: RECEIVERS.refusing(), ...FIVE_PERCENT },
  'one that answers 503': { receiver: RECEIVERS.failing(), ...FIVE_PERCENT },
  'one that takes 2 s': { receiver: RECEIVERS.slow(), ...FIVE_PERCENT },
  'one that throttles': { receiver: RECEIVERS.throttling(50, 2), ...FIVE_PERCENT },
  'one that floods, at 50 times its share': {
    receiver: RECEIVERS.healthy(MEAN_MS),
    perSecond: (50 * RATE) / HEALTHY,
    instead: false,
  },
  'one with bodies of 2 MB': {
    receiver: RECEIVERS.bandwidth(100_000),
    perSecond: RATE / HEALTHY,
    instead: false,
    bytes: 2_000_000,
  },
};

/** 200 healthy destinations, and one that is not. */
function runWith(disturbance: Disturbance | null): Simulation {
  const healthy = RECEIVERS.healthy(MEAN_MS);
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: (destination) => (destination === 'bad' ? disturbance!.receiver : healthy),
  });
  const rest = RATE - (disturbance?.instead ? disturbance.perSecond : 0);
  for (let n = 0; n < HEALTHY; n++) simulation.stream(`healthy-${n}`, rest / HEALTHY, 0, RUN_MS);
  if (disturbance !== null)
    simulation.stream('bad', disturbance.perSecond, 0, RUN_MS, disturbance.bytes ?? 1_000);
  simulation.run(RUN_MS);
  return simulation;
}

function healthyOf(simulation: Simulation): { delivered: number; p99Ms: number } {
  const tracks = Array.from({ length: HEALTHY }, (_, n) => simulation.track(`healthy-${n}`));
  const ages = tracks.flatMap(({ agesMs }) => agesMs);
  const published = tracks.reduce((sum, track) => sum + track.published, 0);
  return { delivered: ages.length / published, p99Ms: percentile(ages, 0.99) };
}

const undisturbed = healthyOf(runWith(null));

for (const [name, disturbance] of Object.entries(DISTURBANCES))
  test(`200 healthy destinations keep their rate and their latency beside ${name}`, () => {
    const simulation = runWith(disturbance);
    const { delivered, p99Ms } = healthyOf(simulation);
    ok(delivered >= 0.95, `${delivered}`);
    ok(p99Ms <= 1.5 * undisturbed.p99Ms, `${p99Ms} ms, undisturbed ${undisturbed.p99Ms} ms`);
    const bad = simulation.track('bad');
    // Nothing is dropped: what is not delivered is held, delayed, parked, or dead by its schedule.
    ok(bad.agesMs.length + bad.dead <= bad.published);
  });

test('a burst of 100 000 events for one destination holds up the others for two seconds at most', () => {
  const healthy = RECEIVERS.healthy(MEAN_MS);
  const burst = RECEIVERS.healthy(100);
  const simulation = new Simulation({
    threads: THREADS,
    slotsPerThread: SLOTS_PER_THREAD,
    receiverOf: (destination) => (destination === 'burst' ? burst : healthy),
  });
  for (let n = 0; n < HEALTHY; n++) simulation.stream(`healthy-${n}`, RATE / HEALTHY / 2, 0, RUN_MS);
  simulation.at(5_000, () => simulation.publish('burst', 100_000));
  // It takes a second to tell a slow destination from an engine that has just begun.
  simulation.run(7_000);
  for (let n = 0; n < HEALTHY; n++) simulation.track(`healthy-${n}`).agesMs.length = 0;
  simulation.run(RUN_MS);
  const { p99Ms } = healthyOf(simulation);
  ok(p99Ms <= 1.5 * undisturbed.p99Ms, `${p99Ms} ms`);
  const { held } = simulation.workers[0]!;
  ok(held < 512, `${held}`);
  ok(simulation.broker.parked('burst') > 90_000);
  ok(
    simulation.track('burst').agesMs.length >= 1_000,
    `${simulation.track('burst').agesMs.length}: it gets its share`,
  );
});

test('where the machine is the limit, 1, 10 or 1 000 fast destinations get all that it can do', () => {
  const costMs = 0.03;
  const events = 60_000;
  for (const destinations of [1, 10, 1_000]) {
    const machine = RECEIVERS.machine(costMs);
    const simulation = new Simulation({
      threads: THREADS,
      slotsPerThread: SLOTS_PER_THREAD,
      receiverOf: () => machine,
    });
    for (let n = 0; n < events; n += 1_000)
      for (let d = 0; d < Math.min(destinations, 1_000); d++)
        simulation.publish(`d${d}`, 1_000 / destinations);
    const atBestMs = events * costMs;
    simulation.run(atBestMs * 1.03);
    const delivered = Array.from({ length: destinations }, (_, n) => simulation.track(`d${n}`).agesMs.length);
    equal(
      delivered.reduce((sum, count) => sum + count, 0),
      events,
      `${destinations} destinations`,
    );
  }
});
