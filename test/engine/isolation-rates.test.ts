/** Rate limits, kept to by two engines together. */
import { equal, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import test from 'node:test';
import type { Broker } from '../../src/broker/broker.ts';
import {
  assertDeliveredOnce,
  CLOCK_MS,
  configOf,
  eventsFor,
  MANY_RETRIES_MS,
  patientOf,
  untilEmpty,
} from './isolating.ts';
import { connectionTo, eachBroker, startEngine, type TestQueue } from './running.ts';

const EVENTS = 120;
const RATE = { perSecond: 60, burst: 10 };

/** Leave for events, asked for and heard of at these monotonic milliseconds: it was given between the two. */
interface Grant {
  readonly count: number;
  readonly askedMs: number;
  readonly heardMs: number;
}

/** A connection that writes down what leave it is given. */
function notingGrants(t: TestContext, { broker, queue }: TestQueue, grants: Grant[]): Broker {
  return new Proxy(connectionTo(t, broker, queue), {
    get: (real, name: keyof Broker) => {
      if (name === 'standingsVersion') return real[name];
      if (name !== 'takeTokens') return real[name].bind(real);
      const takeTokens: Broker['takeTokens'] = async (wishes) => {
        const askedMs = performance.now();
        const answers = await real.takeTokens(wishes);
        const heardMs = performance.now();
        for (const { count } of answers) grants.push({ count, askedMs, heardMs });
        return answers;
      };
      return takeTokens;
    },
  });
}

/** Most events that the limit allows in a time. */
function allowed(ms: number): number {
  return RATE.burst + (RATE.perSecond * (ms + CLOCK_MS)) / 1_000;
}

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, two engines together keep to a rate limit, which costs no attempts and holds up nobody else`, async (t) => {
    const queue = await queueOf(t);
    const limited = await patientOf(t, () => ({ status: 500 }));
    const other = await patientOf(t, () => ({ status: 500 }));
    for (const patient of [limited, other]) patient.heal();
    const { config } = configOf(t, {
      limited: { 'rate-limit': `${RATE.perSecond}/s`, 'rate-burst': RATE.burst },
    });
    const grants: Grant[] = [];
    const options = { config, retryScheduleMs: MANY_RETRIES_MS };
    for (let n = 0; n < 2; n++)
      await startEngine(t, queue, options, { broker: notingGrants(t, queue, grants) });
    const fromMs = performance.now();
    await queue.push(...eventsFor('limited', limited.url, EVENTS), ...eventsFor('other', other.url, EVENTS));
    await other.until(() => other.delivered.length === EVENTS);
    ok(limited.arrivals.length < EVENTS, 'others did not wait for those over the limit');
    await limited.until(() => limited.delivered.length === EVENTS);
    await untilEmpty(queue);
    assertDeliveredOnce(limited, EVENTS);
    assertDeliveredOnce(other, EVENTS);
    ok(limited.arrivals.every(({ attempt }) => attempt === 1));

    // An attempt arrives some time after the leave for it was given, and how long that takes is the machine's affair. So: what
    // has arrived had leave, and of leave no interval holds more than the limit allows.
    for (const [n, { atMs }] of limited.arrivals.entries()) {
      const given = grants.reduce((sum, { count, askedMs }) => (askedMs <= atMs ? sum + count : sum), 0);
      ok(n < given, `arrival ${n} came when leave for ${given} had been given`);
      ok(n + 1 <= allowed(atMs - fromMs), `${n + 1} had come ${atMs - fromMs} ms after the first was queued`);
    }
    for (const { askedMs } of grants)
      for (const { heardMs } of grants) {
        if (heardMs < askedMs) continue;
        const within = grants.filter((grant) => grant.askedMs >= askedMs && grant.heardMs <= heardMs);
        const given = within.reduce((sum, { count }) => sum + count, 0);
        ok(given <= allowed(heardMs - askedMs), `leave for ${given} in ${heardMs - askedMs} ms`);
      }
    equal((await queue.watch.stats()).dead, 0);
  });
