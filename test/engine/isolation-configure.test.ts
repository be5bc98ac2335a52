import { equal } from 'node:assert/strict';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { Isolation } from '../../src/isolation.ts';
import { silentLogger } from '../../src/record/log.ts';
import { connectionTo, eachBroker } from './running.ts';

/** Counts what is sent for. */
class CountingFlow {
  sends = 0;
  send(): void {
    this.sends++;
  }
  add(): void {}
  parkWaiting(): void {}
  heardBlock(): void {}
}

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`on ${name}, settings that come again send nothing by themselves, and what they enable once`, async (t) => {
    const queue = await queueOf(t);
    const broker = connectionTo(t, queue.broker, queue.queue);
    await broker.open();
    const flow = new CountingFlow();
    const nowMs = () => performance.now();
    const lanes = { threads: 1, slotsPerThread: 1, nowMs, random: () => 0 };
    const rules = { window: null, rate: null, breaker: null };
    const { exchange } = new Dispatcher({ ...lanes, rulesOf: () => rules });
    const isolation = new Isolation({
      broker,
      desk: exchange,
      flow: () => flow,
      creditForParked: () => ({ count: 0, bytes: 0 }),
      plainLanes: () => 0,
      attemptMs: 1_000,
      log: silentLogger(),
      onFault: (doing, error) => t.diagnostic(`${doing}: ${error}`),
      ...{ nowMs, wallMs: Date.now, random: () => 0 },
    });
    t.after(() => isolation.stop());
    await isolation.start(new Set(['disabled']));
    await queue.push({ url: 'https://a.example', type: 't', payload: 1, destination: 'disabled' });
    const [claim] = await queue.watch.reserve(1, 1e6);
    await queue.watch.settle([{ kind: 'park', claim: claim!, destination: 'disabled' }]);
    await isolation.configure(new Set(['disabled']));
    await setImmediate();
    equal(flow.sends, 0);
    await isolation.configure(new Set());
    await setImmediate();
    equal(flow.sends, 1);
  });
