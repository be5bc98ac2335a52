/** What the breaker of a destination keeps from it, and from nobody else. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { until } from '../broker/broker-testing.ts';
import { Signal } from '../signal.ts';
import {
  assertCooledOff,
  assertDeliveredOnce,
  configOf,
  eventsFor,
  MANY_RETRIES_MS,
  type Patient,
  patientOf,
  refusingOf,
  standingOf,
  untilBlocked,
  untilEmpty,
} from './isolating.ts';
import { eachBroker, newEngine, startEngine } from './running.ts';

const EVENTS = 60;
const OPENING = 5;
const COOL_OFF_MS = 60;
const PROBES = 3;
/** What hangs is cut after this; what answers has all the time that it may need. */
const CUT_MS = 400;

const FAILURES: Record<string, (t: TestContext) => Promise<Patient>> = {
  'answers 503': (t) => patientOf(t, () => ({ status: 503 })),
  'refuses connections': refusingOf,
  hangs: (t) => patientOf(t, () => new Promise(() => {})),
};

for (const [name, queueOf] of Object.entries(eachBroker())) {
  for (const [failure, patientFor] of Object.entries(FAILURES))
    test(`on ${name}, a destination that ${failure} gets one probe a cool-off and others all of theirs; healed, it gets all, once`, async (t) => {
      const queue = await queueOf(t);
      const patient = await patientFor(t);
      const other = await patientOf(t, () => ({ status: 500 }));
      other.heal();
      const failedMs: number[] = [];
      const failed = new Signal();
      const { engine } = newEngine(t, queue, {
        ...(failure === 'hangs' && { readTimeoutMs: CUT_MS }),
        ...{ maxInFlight: 1, coolOffMs: COOL_OFF_MS, retryScheduleMs: MANY_RETRIES_MS },
        onSettled: ({ destination, kind }) => {
          if (destination !== 'failing' || kind !== 'retry') return;
          failedMs.push(performance.now());
          failed.raise();
        },
      });
      await queue.push(
        ...eventsFor('failing', patient.url, EVENTS),
        ...eventsFor('other', other.url, EVENTS),
      );
      await engine.start();
      await failed.until(() => failedMs.length === OPENING + PROBES);
      // Others do not wait for it to be healed.
      await other.until(() => other.delivered.length === EVENTS);
      assertCooledOff(failedMs, OPENING, COOL_OFF_MS);
      await patient.heal();
      await patient.until(() => patient.delivered.length === EVENTS);
      await untilEmpty(queue);
      equal(patient.arrivals.length, EVENTS + (failure.startsWith('refuses') ? 0 : failedMs.length));
      assertDeliveredOnce(patient, EVENTS);
      assertDeliveredOnce(other, EVENTS);
      equal(
        patient.delivered.reduce((sum, { attempt }) => sum + attempt, 0),
        EVENTS + failedMs.length,
        'parking costs no attempt, and gives none back',
      );
      equal((await queue.watch.stats()).dead, 0);
    });

  test(`on ${name}, refusals by the receiver and faults of our own open no breaker`, async (t) => {
    const queue = await queueOf(t);
    const refusing = await patientOf(t, () => ({ status: 404 }));
    // An address for documentation (RFC 5737), which no machine has.
    const { config } = configOf(t, { faulty: { 'source-address': '192.0.2.1' } });
    await queue.push(
      ...eventsFor('refusing', refusing.url, EVENTS),
      ...eventsFor('faulty', refusing.url, EVENTS),
    );
    const { settled, until: untilSettled } = await startEngine(t, queue, {
      ...{ config, breakerFailures: 1, coolOffMs: 30_000, retryScheduleMs: [] },
    });
    const ended = (destination: string) => settled.filter((each) => each.destination === destination);
    await untilSettled(() => ended('refusing').length === EVENTS && ended('faulty').length === EVENTS);
    ok(ended('refusing').every(({ kind, status }) => kind === 'dead' && status === 404));
    ok(ended('faulty').every(({ kind }) => kind === 'retry'));
    equal(refusing.arrivals.length, EVENTS);
    deepEqual([await standingOf(queue, 'refusing'), await standingOf(queue, 'faulty')], [null, null]);
  });

  test(`on ${name}, what was parked is still there after a restart, nothing of it is sent, and enabling delivers it`, async (t) => {
    const queue = await queueOf(t);
    const patient = await patientOf(t, () => ({ status: 503 }));
    const other = await patientOf(t, () => ({ status: 500 }));
    other.heal();
    const options = { maxInFlight: 1, coolOffMs: 30_000, retryScheduleMs: MANY_RETRIES_MS };
    await queue.push(...eventsFor('failing', patient.url, EVENTS));
    const first = await startEngine(t, queue, options);
    await untilBlocked(queue, 'failing', 'open');
    await first.engine.stop();
    const { dead, ...kept } = await queue.watch.stats();
    deepEqual([dead, kept.leased, kept.ready + kept.delayed + kept.parked], [0, 0, EVENTS]);
    await patient.heal();

    await startEngine(t, queue, options);
    await queue.push(
      ...eventsFor('failing', patient.url, EVENTS, EVENTS),
      ...eventsFor('other', other.url, EVENTS),
    );
    await other.until(() => other.delivered.length === EVENTS);
    await until(async () => (await queue.watch.stats()).parked === 2 * EVENTS);
    equal(patient.arrivals.length, OPENING);
    await queue.watch.enableDestination('failing');
    // A worker hears of it with its next claim.
    await queue.push(...eventsFor('other', other.url, 1, EVENTS));
    await patient.until(() => patient.delivered.length === 2 * EVENTS);
    await untilEmpty(queue);
    assertDeliveredOnce(patient, 2 * EVENTS);
  });
}
