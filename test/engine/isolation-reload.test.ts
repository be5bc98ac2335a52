/** What a destination may be sent changes while the engine runs, with the settings of destinations. */
import { equal } from 'node:assert/strict';
import test from 'node:test';
import type { Answer } from '../receiver.ts';
import { configOf, eventsFor, MANY_RETRIES_MS, patientOf, untilBlocked, untilEmpty } from './isolating.ts';
import { eachBroker, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const EVENTS = 30;
/** One an hour: the second does not come while a test runs. */
const HOURLY = { 'rate-limit': '1/h', 'rate-burst': 1 };

for (const [name, queueOf] of Object.entries(eachBroker())) {
  test(`on ${name}, a reload widens a window that was fixed, and narrows it`, async (t) => {
    const queue = await queueOf(t);
    const held: ((answer: Answer) => void)[] = [];
    const release = () => {
      for (const answer of held.splice(0)) answer({ status: 200 });
    };
    const patient = await patientOf(t, () => new Promise((resolve) => held.push(resolve)));
    const { config, write } = configOf(t, { x: { 'max-in-flight': 1 } });
    const { engine, settled, until } = await startEngine(t, queue, { config });
    await queue.push(...eventsFor('x', patient.url, EVENTS));
    await patient.until(() => patient.arrivals.length === 1);
    equal(engine.snapshot().inFlight, 1);
    write({ x: { 'max-in-flight': 3 } });
    await engine.reload();
    release();
    await patient.until(() => patient.arrivals.length === 1 + 3);
    equal(engine.snapshot().inFlight, 3);
    write({ x: { 'max-in-flight': 1 } });
    await engine.reload();
    release();
    await until(() => settled.length === 1 + 3);
    await patient.until(() => patient.arrivals.length === 1 + 3 + 1);
    equal(engine.snapshot().inFlight, 1);
    patient.heal();
    release();
    await patient.until(() => patient.arrivals.length === EVENTS);
    await untilEmpty(queue);
  });

  test(`on ${name}, a SIGHUP raises a rate limit, and lifts it`, async (t) => {
    const queue = await queueOf(t);
    const patient = await patientOf(t, () => ({ status: 500 }));
    patient.heal();
    const { config, write } = configOf(t, { raised: HOURLY, lifted: HOURLY });
    await queue.push(
      ...eventsFor('raised', patient.url, EVENTS),
      ...eventsFor('lifted', patient.url, EVENTS),
    );
    const worker = spawnWorker(t, queue, '--config', config);
    await worker.started;
    await patient.until(() => patient.delivered.length === 2);
    write({ raised: { 'rate-limit': '1000/s' } });
    worker.child.kill('SIGHUP');
    await patient.until(() => patient.delivered.length === 2 * EVENTS);
    await untilEmpty(queue);
    worker.child.kill('SIGTERM');
    equal(await worker.exited, 0, worker.output());
  });

  test(`on ${name}, a reload switches on a breaker and sets a limit`, async (t) => {
    const queue = await queueOf(t);
    const failing = await patientOf(t, () => ({ status: 503 }));
    const limited = await patientOf(t, () => ({ status: 500 }));
    limited.heal();
    const { config, write } = configOf(t, { failing: { 'breaker-failures': 0 } });
    const { engine } = await startEngine(t, queue, {
      ...{ config, retryScheduleMs: MANY_RETRIES_MS, maxInFlight: 1 },
    });
    await queue.push(
      ...eventsFor('failing', failing.url, EVENTS),
      ...eventsFor('limited', limited.url, EVENTS),
    );
    await limited.until(() => limited.delivered.length === EVENTS);
    // More than would have opened it.
    await failing.until(() => failing.arrivals.length > 20);
    write({ failing: { 'breaker-failures': 2, 'cool-off': '1h' }, limited: HOURLY });
    await engine.reload();
    await untilBlocked(queue, 'failing', 'open');
    const arrived = failing.arrivals.length;
    await queue.push(...eventsFor('limited', limited.url, 2), ...eventsFor('other', limited.url, 1));
    await limited.until(() => limited.delivered.length === EVENTS + 1 + 1);
    equal(failing.arrivals.length, arrived);
    await engine.stop();
    const { leased, dead, ...kept } = await queue.watch.stats();
    equal(kept.ready + kept.delayed + kept.parked, EVENTS + 1);
    equal(leased + dead, 0);
  });
}
