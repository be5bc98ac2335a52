/** What `--once` waits for, and what it leaves. */
import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { assertDeliveredOnce, configOf, eventsFor, patientOf, standingOf } from './isolating.ts';
import { eachBroker, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const EVENTS = 20;

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, --once waits for what is paused or over a rate limit, and leaves what is parked behind an open breaker`, async (t) => {
    const queue = await queueOf(t);
    const dead = await patientOf(t, () => ({ status: 503 }));
    const limited = await patientOf(t, () => ({ status: 500 }));
    limited.heal();
    const throttling = await patientOf(t, () => {
      throttling.heal();
      return { status: 429, headers: { 'retry-after': '1' } };
    });
    const { config } = configOf(t, {
      limited: { 'rate-limit': '20/s', 'rate-burst': 1 },
      throttling: { 'max-in-flight': 1 },
    });
    await queue.push(
      ...eventsFor('dead', dead.url, EVENTS),
      ...eventsFor('throttling', throttling.url, EVENTS),
      ...eventsFor('limited', limited.url, EVENTS),
    );
    const flags = ['--once', '--config', config, '--cool-off', '1h', '--retry-schedule', '20ms,20ms,20ms'];
    const worker = spawnWorker(t, queue, ...flags);
    equal(await worker.exited, 0, worker.output());
    assertDeliveredOnce(throttling, EVENTS);
    assertDeliveredOnce(limited, EVENTS);
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: EVENTS, dead: 0 });
    equal((await standingOf(queue, 'dead'))?.block?.kind, 'open');
    equal(dead.delivered.length, 0);
  });

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, a worker that has nothing to do sends nothing of what comes after its destination was disabled`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await patientOf(t, () => ({ status: 500 }));
    receiver.heal();
    const { engine } = await startEngine(t, queue);
    await queue.push(...eventsFor('off', receiver.url, 1));
    await engine.whenIdle();
    await queue.watch.disableDestination('off', 'command', Date.now());
    await queue.push(...eventsFor('off', receiver.url, EVENTS, 1));
    await engine.whenIdle();
    deepEqual([receiver.delivered.length, (await queue.watch.stats()).parked], [1, EVENTS]);
  });

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, --once leaves what waits behind an ordering key whose head is parked`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await patientOf(t, () => ({ status: 500 }));
    await queue.watch.disableDestination('off', 'command', Date.now());
    await queue.push(
      ...eventsFor('off', receiver.url, EVENTS).map((event) => ({ ...event, orderingKey: 'one' })),
    );
    const worker = spawnWorker(t, queue, '--once');
    equal(await worker.exited, 0, worker.output());
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: EVENTS, dead: 0 });
  });
