/** A broker that fails where it is asked for what destinations need, or told how they stand. */
import { equal } from 'node:assert/strict';
import test from 'node:test';
import { type Fault, FaultyBroker } from './faulty-broker.ts';
import {
  assertDeliveredOnce,
  configOf,
  eventsFor,
  MANY_RETRIES_MS,
  patientOf,
  untilBlocked,
  untilEmpty,
} from './isolating.ts';
import { connectionTo, eachBroker, startEngine } from './running.ts';

const EVENTS = 40;

for (const [name, queueOf] of Object.entries(eachBroker())) {
  for (const fault of ['refuse', 'lose-reply'] satisfies Fault[])
    test(`on ${name}, blocks, probes and leave to send are asked for again after a fault (${fault}), and nothing is lost`, async (t) => {
      const queue = await queueOf(t);
      const patient = await patientOf(t, () => ({ status: 503 }));
      const { config } = configOf(t, { failing: { 'rate-limit': '10000/s' } });
      const faults = new FaultyBroker(connectionTo(t, queue.broker, queue.queue));
      faults.impose(fault, 'block', 'takeTokens');
      await startEngine(
        t,
        queue,
        {
          config,
          maxInFlight: 1,
          coolOffMs: 50,
          retryScheduleMs: MANY_RETRIES_MS,
          totalTimeoutMs: 2_000,
          readTimeoutMs: 2_000,
        },
        { broker: faults.broker },
      );
      await queue.push(...eventsFor('failing', patient.url, EVENTS));
      await faults.untilMet('takeTokens', 2);
      faults.lift();
      faults.impose(fault, 'block', 'askProbe');
      await faults.untilMet('block', 1);
      faults.lift();
      await untilBlocked(queue, 'failing', 'open');
      // Before it heals, as a probe that succeeds would be the last one; and nothing else is withheld, as without it no probe fails.
      faults.impose(fault, 'askProbe');
      await faults.untilMet('askProbe', 1);
      patient.heal();
      faults.lift();
      faults.impose(fault, 'unblock');
      await faults.untilMet('unblock', 1);
      faults.lift();
      await patient.until(() => patient.delivered.length === EVENTS);
      await untilEmpty(queue);
      assertDeliveredOnce(patient, EVENTS);
    });

  test(`on ${name}, an engine stops in the middle of asking for what is parked, and another delivers it`, async (t) => {
    const queue = await queueOf(t);
    const patient = await patientOf(t, () => ({ status: 503 }));
    const options = { maxInFlight: 1, coolOffMs: 50, retryScheduleMs: MANY_RETRIES_MS };
    const faults = new FaultyBroker(connectionTo(t, queue.broker, queue.queue));
    faults.impose('refuse', 'reserveParked');
    const { engine } = await startEngine(t, queue, options, { broker: faults.broker });
    await queue.push(...eventsFor('failing', patient.url, EVENTS));
    await faults.untilMet('reserveParked', 2);
    await engine.stop();
    const { leased, dead, ready, delayed, parked } = await queue.watch.stats();
    equal(leased + dead, 0);
    equal(ready + delayed + parked, EVENTS);
    patient.heal();
    await queue.watch.enableDestination('failing');
    await startEngine(t, queue, options);
    await patient.until(() => patient.delivered.length === EVENTS);
    await untilEmpty(queue);
    assertDeliveredOnce(patient, EVENTS);
  });
}
