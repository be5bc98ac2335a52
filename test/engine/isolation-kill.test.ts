/** Workers that are killed while they park for a dead destination, and while they drain what is parked. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import test from 'node:test';
import { Ledger } from '../ledger.ts';
import { receiverOf } from '../receiver.ts';
import { Signal } from '../signal.ts';
import { eventsFor, untilEmpty } from './isolating.ts';
import { eachBroker } from './running.ts';
import { spawnWorker } from './worker-process.ts';

const EVENTS = 4_000;
/** Kills while it parks, and as many while it drains. */
const KILLS = 3;
const FLAGS = [
  ...['--lease', '1500ms', '--total-timeout', '1s', '--read-timeout', '1s', '--connect-timeout', '1s'],
  ...['--cool-off', '50ms', '--retry-schedule', Array.from({ length: 50 }, () => '50ms').join(',')],
];
/** What a worker holds at most: its slots, what it claims ahead, and a quarter more of what was parked. */
const HELD = Math.max(1_024, 16 * 20 * availableParallelism()) * 1.25 + 20 * availableParallelism();

for (const [name, queueOf] of Object.entries(eachBroker()))
  test(`kill -9 of workers on ${name} that park for a dead destination and drain it later loses none`, {
    timeout: 120_000,
  }, async (t) => {
    const queue = await queueOf(t);
    const ledgers = { dead: new Ledger(EVENTS), other: new Ledger(EVENTS) };
    const signal = new Signal();
    let isDead = true;
    const receiver = await receiverOf(
      t,
      ({ path, body }) => {
        const to = path.slice(1) as keyof typeof ledgers;
        if (to === 'dead' && isDead) return { status: 503 };
        ledgers[to].arrived(Number(body));
        signal.raise();
        return { status: 200 };
      },
      { keep: false },
    );
    for (let from = 0; from < EVENTS; from += 500)
      for (const to of ['dead', 'other'] as const)
        await queue.push(...eventsFor(to, `${receiver.origin}/${to}`, 500, from));
    for (const ledger of [ledgers.other, ledgers.dead]) {
      for (let kill = 0; kill < KILLS; kill++) {
        const worker = spawnWorker(t, queue, ...FLAGS);
        const moment = ((kill + Math.random()) * EVENTS) / (KILLS + 1);
        await Promise.all([worker.started, signal.until(() => ledger.delivered >= moment)]);
        worker.child.kill('SIGKILL');
        await worker.exited;
        for (const each of Object.values(ledgers)) each.nextPeriod();
      }
      isDead = false;
    }
    const last = spawnWorker(t, queue, ...FLAGS);
    await signal.until(() => Object.values(ledgers).every(({ delivered }) => delivered === EVENTS));
    await untilEmpty(queue);
    last.child.kill('SIGTERM');
    equal(await last.exited, 0, last.output());
    for (const [to, ledger] of Object.entries(ledgers)) {
      t.diagnostic(`${to}: ${ledger}, duplicates per kill: ${ledger.duplicatesByPeriod.join(' ')}`);
      deepEqual(ledger.missing, []);
      equal(ledger.strangers, 0);
      ok(ledger.duplicatesByPeriod.every((duplicates) => duplicates <= HELD));
    }
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });
