import { deepEqual, equal, ok } from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import { Ledger } from '../ledger.ts';
import { countingReceiverOf } from '../receiver.ts';
import { eachBroker, pushNumbered } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const EVENTS = 100_000;
const KILLS = 20;
const LEASE_MS = 4_000;
/** A lease short enough to wait for; attempts end before it, and none here times out by itself. */
const TIMES = [
  ...['--lease', `${LEASE_MS}ms`, '--total-timeout', '3500ms'],
  ...['--read-timeout', '3500ms', '--connect-timeout', '3500ms'],
];
/** Slots per core by default, and what a worker claims ahead: 16 for each slot, 1 024 at least. */
const SLOTS = 20 * availableParallelism();
const CLAIMED = Math.max(1_024, 16 * SLOTS);

for (const [name, queueOf] of Object.entries(eachBroker())) {
  test(`kill -9 at ${KILLS} random moments over ${EVENTS} events on ${name} loses none`, {
    timeout: 180_000,
  }, async (t) => {
    const queue = await queueOf(t);
    const ledger = new Ledger(EVENTS);
    const receiver = await countingReceiverOf(t, (body) => ledger.arrived(Number(body)));
    await pushNumbered(queue, receiver.origin, EVENTS);
    for (let kill = 0; kill < KILLS; kill++) {
      const worker = spawnWorker(t, queue, ...TIMES);
      const moment = ((kill + Math.random()) * EVENTS) / (KILLS + 1);
      await Promise.all([worker.started, receiver.until(() => ledger.delivered >= moment)]);
      worker.child.kill('SIGKILL');
      await worker.exited;
      ledger.nextPeriod();
    }
    const last = spawnWorker(t, queue, ...TIMES, '--once');
    equal(await last.exited, 0, last.output());
    const { dead, ...pending } = await queue.watch.stats();
    const perKill = ledger.duplicatesByPeriod.slice(0, KILLS);
    t.diagnostic(`${ledger}, dead ${dead}, pending ${JSON.stringify(pending)}`);
    t.diagnostic(`duplicates per kill: ${perKill.join(' ')}`);
    deepEqual(ledger.missing, []);
    equal(ledger.strangers, 0);
    equal(dead, 0);
    deepEqual(pending, { ready: 0, leased: 0, delayed: 0, parked: 0 });
    ok(
      perKill.every((duplicates) => duplicates <= SLOTS + CLAIMED),
      `more than ${SLOTS} slots and ${CLAIMED} claimed`,
    );
  });

  test(`a worker on ${name} that is stopped for longer than its lease and continued loses nothing`, {
    timeout: 120_000,
  }, async (t) => {
    const queue = await queueOf(t);
    const events = 5_000;
    const ledger = new Ledger(events);
    const receiver = await countingReceiverOf(t, (body) => ledger.arrived(Number(body)));
    await pushNumbered(queue, receiver.origin, events);
    const stopped = spawnWorker(t, queue, ...TIMES);
    await Promise.all([
      stopped.started,
      receiver.until(() => ledger.delivered >= (Math.random() * events) / 2),
    ]);
    stopped.child.kill('SIGSTOP');
    const other = spawnWorker(t, queue, ...TIMES, '--once');
    // What must pass is time itself.
    await new Promise((resolve) => setTimeout(resolve, 1.5 * LEASE_MS));
    stopped.child.kill('SIGCONT');
    equal(await other.exited, 0, other.output());
    stopped.child.kill('SIGTERM');
    equal(await stopped.exited, 0, stopped.output());
    t.diagnostic(`${ledger}`);
    deepEqual(ledger.missing, []);
    ok(ledger.duplicates <= SLOTS + CLAIMED);
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });
}
