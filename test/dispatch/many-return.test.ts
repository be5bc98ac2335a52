import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { percentile, RECEIVERS } from './modelled-receivers.ts';
import { Simulation } from './simulator.ts';

/** Destinations of either kind, and what the second kind has parked each. */
const HEALTHY = 100;
const RETURNING = 400;
const PARKED = 100;
/** Of all healthy ones, per second: a fifth of what the slots can do. */
const RATE = 1_600;
const RUN_MS = 10_000;
/** What a worker holds of what is ready, and a quarter more. */
const MOST_HELD = 1_024 * 1.25;

test('many destinations that come back together with what was parked cost the others next to nothing, and little memory', () => {
  const receiver = RECEIVERS.healthy(5);
  const simulation = new Simulation({ threads: 2, slotsPerThread: 20, receiverOf: () => receiver });
  const { broker } = simulation;
  for (let n = 0; n < RETURNING; n++)
    for (let place = 0; place < PARKED; place++)
      broker.park({ destination: `returning-${n}`, bytes: 1_000, publishedMs: 0, place, attempts: 0 });
  const healthy = Array.from({ length: HEALTHY }, (_, n) => `healthy-${n}`);
  for (const destination of healthy) simulation.stream(destination, RATE / HEALTHY, 0, RUN_MS);
  simulation.run(RUN_MS);
  const ages = healthy.flatMap((destination) => simulation.track(destination).agesMs);
  ok(percentile(ages, 0.99) < 50, `${percentile(ages, 0.99)} ms`);
  ok(simulation.workers[0]!.mostHeld <= MOST_HELD, `${simulation.workers[0]!.mostHeld} held`);
  for (let n = 0; n < RETURNING; n++) equal(broker.parked(`returning-${n}`), 0);
});
