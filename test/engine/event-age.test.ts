import { deepEqual, equal, match, ok } from 'node:assert/strict';
import test from 'node:test';
import { createLogger } from '../../src/record/log.ts';
import { Ledger } from '../ledger.ts';
import { countingReceiverOf, receiverOf } from '../receiver.ts';
import { eachBroker, startEngine } from './running.ts';
import { spawnWorker } from './worker-process.ts';

/** Scheduled deliveries, and how long from their publishing: so that a worker has time to start, claim them and be killed. */
const EVENTS = 2_000;
const AHEAD_MS = 6_000;
/** As short as attempts allow, as the second worker waits for it. */
const TIMES = [
  ...['--lease', '2500ms', '--total-timeout', '2s'],
  ...['--read-timeout', '2s', '--connect-timeout', '2s'],
];

for (const [name, queueOf] of Object.entries(eachBroker())) {
  test(`on ${name}, a delivery waits in the broker for its deliverAt, as no failure, and others do not wait for it`, async (t) => {
    const queue = await queueOf(t);
    const arrivals = new Map<string, number>();
    const receiver = await receiverOf(t, ({ path }) => {
      arrivals.set(path, Date.now());
      return { status: 200 };
    });
    let logged = '';
    const log = createLogger({
      format: 'logfmt',
      level: 'warn',
      stream: { write: (line) => (logged += line) },
    });
    const { engine, settled, until } = await startEngine(t, queue, { log });
    const deliverAt = Date.now() + 2_000;
    const event = { url: `${receiver.origin}/later`, type: 't', payload: 1 };
    await queue.push({ ...event, timestamp: 0, deliverAt: new Date(deliverAt).toISOString() });
    await until(() => settled.length === 1);
    while ((await queue.watch.stats()).delayed === 0) ok(Date.now() < deliverAt, 'it is never delayed');
    await queue.push({ ...event, url: `${receiver.origin}/now` });
    await until(() => settled.length === 2);
    await engine.whenIdle();
    ok(arrivals.get('/now')! < arrivals.get('/later')!);
    ok(arrivals.get('/later')! >= deliverAt, `${deliverAt - arrivals.get('/later')!} ms early`);
    deepEqual(
      settled.slice(0, 2).map(({ kind, status }) => [kind, status]),
      [
        ['early', null],
        ['delivered', 200],
      ],
    );
    deepEqual(
      receiver.requests.map(({ headers }) => headers['x-webhook-attempt']),
      ['1', '1'],
    );
    equal(logged, '');
    const { early, retried, delivered, eventAgeMs } = engine.snapshot();
    deepEqual([early >= 1, retried, delivered], [true, 0, 2]);
    ok(eventAgeMs.max < 60_000, 'its age counts from deliverAt');
  });

  test(`on ${name}, kill -9 while deliveries are put off loses none, and none leaves early`, {
    timeout: 120_000,
  }, async (t) => {
    const queue = await queueOf(t);
    const ledger = new Ledger(EVENTS);
    const deliverAt = Date.now() + AHEAD_MS;
    let earliestMs = Number.POSITIVE_INFINITY;
    const receiver = await countingReceiverOf(t, (body) => {
      earliestMs = Math.min(earliestMs, Date.now());
      ledger.arrived(Number(body));
    });
    await queue.push(
      ...Array.from({ length: EVENTS }, (_, n) => ({
        url: receiver.origin,
        type: 't',
        payload: n,
        deliverAt,
      })),
    );
    const killed = spawnWorker(t, queue, ...TIMES);
    await killed.started;
    // Some are put off by now, others claimed and not settled.
    const moment = 1 + Math.random() * EVENTS;
    while ((await queue.watch.stats()).delayed < moment && ledger.delivered === 0)
      ok(killed.child.exitCode === null, killed.output());
    killed.child.kill('SIGKILL');
    await killed.exited;
    const next = spawnWorker(t, queue, ...TIMES, '--once');
    equal(await next.exited, 0, next.output());
    t.diagnostic(`${ledger}`);
    deepEqual(ledger.missing, []);
    ok(earliestMs >= deliverAt, `${deliverAt - earliestMs} ms early`);
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 0 });
  });

  test(`on ${name}, what has expired is a dead letter with the attempts it had, and nothing is sent`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    const event = { url: receiver.origin, type: 't', payload: 1 };
    const expiresAt = Date.now() - 1;
    await queue.push({ ...event, id: 'retried', expiresAt });
    const [claim] = await queue.watch.reserve(1, 1e6);
    await queue.watch.settle([{ kind: 'retry', claim: claim!, delayMs: 0, attempts: 2 }]);
    await queue.push({ ...event, id: 'new', deliverAt: expiresAt - 1, expiresAt }, { ...event, id: 'other' });
    const { engine, settled } = await startEngine(t, queue);
    await engine.whenIdle();
    deepEqual(
      receiver.requests.map(({ headers }) => headers['x-webhook-id']),
      ['other'],
    );
    const letters = await queue.dead();
    deepEqual(letters.map(({ id, reason, attempts, response }) => [id, reason, attempts, response]).sort(), [
      ['new', 'expired', 0, null],
      ['retried', 'expired', 2, null],
    ]);
    for (const { detail, destination } of letters) {
      match(detail, /^expiresAt \(20.*Z\) had passed before it could be sent$/);
      equal(destination, receiver.origin);
    }
    equal(settled.filter(({ kind }) => kind === 'dead').length, 2);
    equal(await queue.watch.replayDead({ reason: 'expired' }, 10), 2);
    await engine.whenIdle();
    equal((await queue.dead()).length, 2, 'a replay does not make it younger');
    equal(receiver.requests.length, 1);
  });

  test(`on ${name}, a delivery whose next retry would come after its expiresAt is dead at once, with its last response`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t, () => ({ status: 503, body: 'busy' }));
    await queue.push({ url: receiver.origin, type: 't', payload: 1, expiresAt: Date.now() + 60_000 });
    const { engine, settled } = await startEngine(t, queue, { retryScheduleMs: [20, 120_000] });
    await engine.whenIdle();
    equal(receiver.requests.length, 2);
    deepEqual(
      settled.map(({ kind, status }) => [kind, status]),
      [
        ['retry', 503],
        ['dead', 503],
      ],
    );
    const [letter] = await queue.dead();
    const { reason, detail, attempts, response } = letter!;
    deepEqual([reason, attempts, response], ['expired', 2, { status: 503, body: 'busy', retryAfter: null }]);
    equal(detail, 'http-503; expiresAt comes before another attempt would');
  });
}
