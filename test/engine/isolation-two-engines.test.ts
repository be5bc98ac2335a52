/** What two engines on one queue, each with connections of its own, know of each other's destinations. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { until } from '../broker/broker-testing.ts';
import type { Answer } from '../receiver.ts';
import {
  type Arrival,
  assertCooledOff,
  assertDeliveredOnce,
  CLOCK_MS,
  eventsFor,
  MANY_RETRIES_MS,
  patientOf,
  untilBlocked,
  untilEmpty,
} from './isolating.ts';
import { eachBroker, startEngine } from './running.ts';

const EVENTS = 60;
const OPENING = 5;
const COOL_OFF_MS = 60;
const PROBES = 4;

const RETRY_AFTER_MS = 1_000;
const TOO_MANY: Answer = { status: 429, headers: { 'retry-after': `${RETRY_AFTER_MS / 1_000}` } };

for (const [name, queueOf] of Object.entries(eachBroker())) {
  test(`on ${name}, of two engines one finds a destination failing and both stop; they share one probe a cool-off, and both go on when it heals`, async (t) => {
    const queue = await queueOf(t);
    const patient = await patientOf(t, () => ({ status: 503 }));
    const options = { maxInFlight: 1, coolOffMs: COOL_OFF_MS, retryScheduleMs: MANY_RETRIES_MS };
    const one = await startEngine(t, queue, options);
    await queue.push(...eventsFor('failing', patient.url, EVENTS));
    await untilBlocked(queue, 'failing', 'open');
    const other = await startEngine(t, queue, options);
    await queue.push(...eventsFor('failing', patient.url, EVENTS, EVENTS));
    await patient.until(() => patient.arrivals.length >= OPENING + PROBES);
    const arrivedMs = patient.arrivals.map(({ atMs }) => atMs);
    assertCooledOff(arrivedMs, OPENING, COOL_OFF_MS);
    const failuresOf = (engine: typeof one) => engine.settled.filter(({ kind }) => kind === 'retry').length;
    ok(failuresOf(other) <= arrivedMs.length - OPENING, 'it has found out nothing by itself');
    patient.heal();
    await patient.until(() => patient.delivered.length === 2 * EVENTS);
    await one.engine.stop();
    await queue.push(...eventsFor('failing', patient.url, EVENTS, 2 * EVENTS));
    await patient.until(() => patient.delivered.length === 3 * EVENTS);
    await untilEmpty(queue);
    assertDeliveredOnce(patient, 3 * EVENTS);
  });

  test(`on ${name}, a Retry-After pauses a destination for two engines; only what was answered so has had an attempt`, async (t) => {
    const queue = await queueOf(t);
    const inFlight = 2;
    const throttled: Arrival[] = [];
    const both = Promise.withResolvers<Answer>();
    let answeredMs = 0;
    const patient = await patientOf(t, () => {
      throttled.push(patient.arrivals.at(-1)!);
      if (throttled.length === inFlight) {
        patient.heal();
        answeredMs = performance.now();
        both.resolve(TOO_MANY);
      }
      return both.promise;
    });
    const options = { maxInFlight: inFlight, retryScheduleMs: MANY_RETRIES_MS };
    const one = await startEngine(t, queue, options);
    await queue.push(...eventsFor('throttling', patient.url, EVENTS));
    await untilBlocked(queue, 'throttling', 'paused');
    const other = await startEngine(t, queue, options);
    await queue.push(...eventsFor('throttling', patient.url, EVENTS, EVENTS));
    await patient.until(() => patient.delivered.length === 2 * EVENTS);
    await untilEmpty(queue);
    assertDeliveredOnce(patient, 2 * EVENTS);
    for (const { atMs, payload } of patient.delivered)
      ok(atMs - answeredMs >= RETRY_AFTER_MS - CLOCK_MS, `${payload} came ${atMs - answeredMs} ms after it`);
    deepEqual(
      patient.delivered.filter(({ attempt }) => attempt !== 1).map(({ id, attempt }) => [id, attempt]),
      patient.delivered.filter(({ id }) => throttled.some((each) => each.id === id)).map(({ id }) => [id, 2]),
    );
    const answered = [...one.settled, ...other.settled].filter(({ kind }) => kind === 'retry');
    deepEqual(
      answered.map(({ status }) => status),
      [429, 429],
    );
    await until(async () => (await queue.watch.standings(null)).standings.length === 0);
    equal((await queue.watch.stats()).dead, 0);
  });
}
