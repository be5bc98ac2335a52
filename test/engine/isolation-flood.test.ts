/** Very many events of a destination that hardly answers, published before those of others. */
import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import type { Answer } from '../receiver.ts';
import { assertDeliveredOnce, eventsFor, patientOf } from './isolating.ts';
import { eachBroker, startEngine } from './running.ts';

const FLOOD = 20_000;
const OTHERS = 4;
const EVENTS = 50;
/** What an engine holds at most, and a quarter more of what was parked. */
const HELD_MOST = 1_024 * 1.25;

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, ${FLOOD} events of one that does not answer hold up none of the others’ behind them, and a stop loses none`, async (t) => {
    const queue = await queueOf(t);
    const hanging: ((answer: Answer) => void)[] = [];
    const slow = await patientOf(t, () => new Promise((resolve) => hanging.push(resolve)));
    const other = await patientOf(t, () => ({ status: 500 }));
    other.heal();
    for (let from = 0; from < FLOOD; from += 1_000)
      await queue.push(...eventsFor('slow', slow.url, 1_000, from));
    const others = eventsFor('other', other.url, OTHERS * EVENTS);
    await queue.push(...others.map((event, n) => ({ ...event, destination: `other-${n % OTHERS}` })));
    const patient = { readTimeoutMs: 50_000, totalTimeoutMs: 50_000, leaseMs: 60_000 };
    let held = 0;
    const { engine } = await startEngine(t, queue, {
      ...patient,
      onSettled: () => {
        const { inFlight, waiting } = engine.snapshot();
        held = Math.max(held, inFlight + waiting);
      },
    });
    await other.until(() => other.delivered.length === OTHERS * EVENTS);
    equal(slow.delivered.length, 0);
    t.diagnostic(`at most ${held} held, ${slow.arrivals.length} in flight to the slow one`);
    ok(held <= HELD_MOST, `${held} were held`);
    slow.heal();
    for (const answer of hanging) answer({ status: 200 });
    await slow.until(() => slow.delivered.length > 200);
    await engine.stop();
    const { ready, leased, delayed, parked, dead } = await queue.watch.stats();
    const { delivered } = engine.snapshot();
    t.diagnostic(`${delivered} delivered, ${JSON.stringify({ ready, delayed, parked })}`);
    equal(leased + dead, 0);
    equal(ready + delayed + parked, FLOOD + OTHERS * EVENTS - delivered);
    assertDeliveredOnce(other, OTHERS * EVENTS);
  });

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, a burst of ${FLOOD} events of a quick one lets those behind it pass, and all are delivered once`, async (t) => {
    const queue = await queueOf(t);
    const quick = await patientOf(t, () => ({ status: 500 }));
    const other = await patientOf(t, () => ({ status: 500 }));
    quick.heal();
    other.heal();
    const { engine } = await startEngine(t, queue);
    // Somebody else is there, as the engine can see.
    await queue.push(...eventsFor('other', other.url, 1));
    await other.until(() => other.delivered.length === 1);
    for (let from = 0; from < FLOOD; from += 1_000)
      await queue.push(...eventsFor('quick', quick.url, 1_000, from));
    const before = quick.delivered.length;
    await queue.push(...eventsFor('other', other.url, EVENTS, 1));
    await other.until(() => other.delivered.length === 1 + EVENTS);
    const overtaken = FLOOD - quick.delivered.length;
    t.diagnostic(
      `${before} of the burst delivered before the others were published, ${overtaken} after them`,
    );
    ok(overtaken > (FLOOD - before) / 2, `${overtaken} of ${FLOOD - before} were overtaken`);
    await quick.until(() => quick.delivered.length >= FLOOD);
    await engine.stop();
    const { ready, leased, delayed, parked, dead } = await queue.watch.stats();
    equal(ready + leased + delayed + parked + dead, 0);
    assertDeliveredOnce(quick, FLOOD);
    assertDeliveredOnce(other, 1 + EVENTS);
  });
