import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Claim, Settlement } from '../../src/broker/broker.ts';
import type { Outcome } from '../../src/delivery/outcome.ts';
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import type { Change } from '../../src/dispatch/standing.ts';
import { Endings } from '../../src/endings.ts';
import { Flow } from '../../src/flow.ts';
import type { Parcel } from '../../src/pool/attempt-pool.ts';
import { DeliveryLog } from '../../src/record/delivery-log.ts';
import { silentLogger } from '../../src/record/log.ts';
import { Metrics } from '../../src/record/metrics.ts';
import type { FailedAttempt } from '../../src/thread/messages.ts';

const THREADS = 3;
const SLOTS_PER_THREAD = 4;
/** Its slots, and two seats ahead of each when it is fast. */
const PLACES_PER_SLOT = 3;

/** A flow whose threads do what a test says, and a ledger of its claims. */
function newFlow({ window = null as number | null, failures = 0 } = {}) {
  const changes: [string, Change][] = [];
  const threads: Parcel[][] = Array.from({ length: THREADS }, () => []);
  const settlements = new Map<string, Settlement['kind'][]>();
  const disabled = new Set<string>();
  const log = silentLogger();
  const metrics = new Metrics();
  let claimed = 0;
  let cutShort = false;
  const flow: Flow = new Flow({
    threads: THREADS,
    dispatcher: new Dispatcher({
      threads: THREADS,
      slotsPerThread: SLOTS_PER_THREAD,
      nowMs: () => performance.now(),
      random: Math.random,
      rulesOf: () => ({
        window,
        rate: null,
        breaker: failures === 0 ? null : { failures, coolOffMs: 30_000 },
      }),
    }),
    pool: {
      start: async () => {},
      configure: () => {},
      resize: () => {},
      busyShare: () => 0,
      shed: () => {},
      send: (thread, parcels) => {
        threads[thread]!.push(...parcels);
        ok(threads[thread]!.length <= PLACES_PER_SLOT * SLOTS_PER_THREAD, 'more than a thread has places');
        const out = threads.flat().map(({ mintedId }) => mintedId);
        equal(new Set(out).size, out.length, 'sent while it was in flight');
      },
      handBack: () => {
        cutShort = true;
      },
      close: async () => {},
    },
    endings: new Endings({
      rulesOf: () => ({ scheduleMs: [10, 10], permanentStatuses: [] }),
      logSuccesses: false,
      settle: ({ kind, claim }) => {
        settlements.set(claim.token, [...(settlements.get(claim.token) ?? []), kind]);
      },
      onGone: (destination) => {
        disabled.add(destination);
        flow.parkWaiting(destination);
      },
      metrics,
      deliveryLog: new DeliveryLog(log, metrics, () => flow),
      onSettled: null,
    }),
    isDisabled: (destination) => disabled.has(destination),
    onLocalFault: () => {},
    onProgress: () => {},
    onSent: () => {},
    onChange: (destination, change) => changes.push([destination, change]),
    room: () => ({ count: 1_024, bytes: 1e8, takenShare: 0 }),
    log,
  });
  const claim = (count: number, destination: string, wereParked = false) =>
    flow.add(
      Array.from({ length: count }, (): Claim => {
        const token = `${claimed++}`;
        const envelope = Buffer.from(JSON.stringify({ destination, url: 'https://example.com', type: 't' }));
        return { token, mintedId: token, attempts: 0, envelope };
      }),
      wereParked,
    );
  /** A thread reports on the oldest of what it has. */
  const report = (thread: number, count: number, outcome: 'delivered' | FailedAttempt['outcome']) => {
    for (const { number } of threads[thread]!.splice(0, count)) {
      if (outcome === 'delivered') flow.delivered(number, 200, 1, 1);
      else flow.failed({ number, outcome, subject: null, attemptMs: 1 });
    }
    flow.reported();
  };
  const die = (thread: number, served: boolean) => {
    threads[thread]!.length = 0;
    flow.threadLost(thread, new Error('died'), served);
  };
  const inThreads = () => threads.reduce((sum, parcels) => sum + parcels.length, 0);
  return {
    flow,
    claim,
    report,
    die,
    inThreads,
    settlements,
    changes,
    disabled,
    claimed: () => claimed,
    wasCutShort: () => cutShort,
  };
}

const broken: Outcome = { kind: 'broken', code: 'reset', error: 'x' };
const refused: Outcome = { kind: 'refused', reason: 'not-json', detail: 'x' };
const gone: Outcome = { kind: 'answered', response: { status: 410, body: '', retryAfter: null } };
const early: Outcome = { kind: 'early', waitMs: 7 };
const handedBack = { kind: 'handed-back' } as const;

const thread = fc.nat({ max: THREADS - 1 });
const count = fc.integer({ min: 1, max: 12 });
const anyStep = fc.oneof(
  {
    arbitrary: fc.tuple(fc.constant('claim' as const), count, fc.constantFrom('a', 'b', 'c', 'd')),
    weight: 4,
  },
  {
    arbitrary: fc.tuple(
      fc.constant('report' as const),
      thread,
      count,
      fc.constantFrom('delivered' as const, broken, refused, gone, early, handedBack),
    ),
    weight: 6,
  },
  { arbitrary: fc.tuple(fc.constant('die' as const), thread, fc.boolean()), weight: 2 },
  { arbitrary: fc.tuple(fc.constantFrom('release' as const, 'stop' as const, 'enable' as const)), weight: 1 },
);

test('whatever threads report, die of or hand back, in whatever order, each claim is settled exactly once', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const { flow, claim, report, die, inThreads, settlements, disabled, claimed } = newFlow();
      for (const step of steps) {
        switch (step[0]) {
          case 'claim':
            claim(step[1], step[2]);
            break;
          case 'report':
            report(step[1], step[2], step[3] as 'delivered');
            break;
          case 'die':
            die(step[1], step[2]);
            break;
          case 'release':
            flow.releaseWaiting();
            break;
          case 'enable':
            disabled.clear();
            break;
          case 'stop':
            flow.stopSending();
            break;
          default:
            step satisfies never;
        }
        equal(flow.inFlight, inThreads());
        equal(flow.held + settlements.size, claimed());
      }
      // Once the threads behave, everything comes to its end, by ones and in turn.
      for (let left = claimed() + 1; flow.held > 0 && left > 0; left--)
        for (let n = 0; n < THREADS; n++) report(n, 100, 'delivered');
      equal(flow.held, 0);
      equal(flow.holdings.bytes, 0);
      equal(settlements.size, claimed());
      ok(settlements.values().every((kinds) => kinds.length === 1));
    }),
    { numRuns: 500 },
  );
});

test('what comes back untried is sent again, by another thread where there is room', () => {
  const { claim, report, flow, settlements } = newFlow();
  claim(3, 'a');
  for (let n = 0; n < THREADS; n++) report(n, 100, handedBack);
  equal(flow.inFlight, 3);
  equal(settlements.size, 0);
  for (let n = 0; n < THREADS; n++) report(n, 100, 'delivered');
  equal(settlements.size, 3);
});

test('a stop hands back what waits and sends no more; what is in flight is waited for, or cut short when asked', async () => {
  const { claim, report, flow, settlements, wasCutShort } = newFlow();
  // Of one destination alone, no more than its window would be out at first.
  claim(34, 'a');
  claim(33, 'b');
  claim(33, 'c');
  equal(flow.inFlight, THREADS * SLOTS_PER_THREAD);
  flow.stopSending();
  equal(settlements.size, 100 - THREADS * SLOTS_PER_THREAD);
  let ended = false;
  const nothingInFlight = flow.whenNothingInFlight().then(() => {
    ended = true;
  });
  claim(5, 'a');
  report(0, 100, 'delivered');
  await new Promise(setImmediate);
  ok(!ended && !wasCutShort());
  flow.handBack();
  ok(wasCutShort());
  for (let n = 0; n < THREADS; n++) report(n, 100, handedBack);
  await nothingInFlight;
  equal(settlements.size, 105);
  equal(flow.held, 0);
});

test('a destination that is gone has all that waits for it parked, what comes later too, and nothing of others', () => {
  const { claim, report, flow, settlements } = newFlow();
  claim(100, 'a');
  claim(3, 'b');
  report(0, 1, gone);
  claim(5, 'a');
  ok(flow.waiting <= 3, 'only those of b wait');
  for (let n = 0; n < 2 * THREADS; n++) report(n % THREADS, 100, 'delivered');
  equal(flow.held, 0);
  const ended = Map.groupBy([...settlements.values()].flat(), (kind) => kind);
  equal(ended.get('ack')!.length + ended.get('park')!.length, 108);
  ok(ended.get('park')!.length >= 100 - PLACES_PER_SLOT * THREADS * SLOTS_PER_THREAD + 5);
});

test('what was in flight in a thread that died is parked untried where its destination has gone meanwhile', () => {
  const { claim, report, die, flow, settlements, inThreads } = newFlow({ window: 100 });
  claim(THREADS * SLOTS_PER_THREAD, 'a');
  die(0, true);
  // One suspect is out again, alone; the others wait for their turn.
  equal(flow.waiting, SLOTS_PER_THREAD - 1);
  report(1, 1, gone);
  for (let n = 0; n < THREADS; n++) report(n, 100, 'delivered');
  equal(flow.held, 0);
  const ended = Map.groupBy([...settlements.values()].flat(), (kind) => kind);
  equal(ended.get('park')!.length, SLOTS_PER_THREAD - 1 + 1);
  // Its thread is used again.
  claim(THREADS * SLOTS_PER_THREAD, 'b');
  equal(inThreads(), THREADS * SLOTS_PER_THREAD);
});

const unavailable: Outcome = { kind: 'answered', response: { status: 503, body: '', retryAfter: null } };
const tooMany: Outcome = { kind: 'answered', response: { status: 429, body: '', retryAfter: '20' } };

test('a destination that fails is sent nothing more, what waits for it is parked without an attempt, and others go on', () => {
  const { claim, report, flow, inThreads, settlements, changes } = newFlow({ failures: 5 });
  claim(200, 'dead');
  let sent = inThreads();
  while (inThreads() > 0) {
    for (let n = 0; n < THREADS; n++) report(n, 100, unavailable);
    sent += inThreads();
  }
  equal(flow.held, 0);
  const ended = Map.groupBy([...settlements.values()].flat(), (kind) => kind);
  deepEqual([ended.get('retry')!.length, ended.get('park')!.length], [sent, 200 - sent]);
  deepEqual(
    changes.map(([destination, { kind }]) => [destination, kind]),
    [['dead', 'opened']],
  );
  claim(3, 'dead');
  claim(4, 'healthy');
  deepEqual([inThreads(), flow.held], [4, 4]);
});

test('a Retry-After pauses the whole destination', () => {
  const { claim, report, flow, inThreads, settlements, changes } = newFlow({ failures: 5 });
  claim(100, 'throttling');
  const sent = inThreads();
  for (let n = 0; n < THREADS; n++) report(n, 100, tooMany);
  deepEqual([inThreads(), flow.held], [0, 0]);
  const ended = Map.groupBy([...settlements.values()].flat(), (kind) => kind);
  deepEqual([ended.get('retry')!.length, ended.get('park')!.length], [sent, 100 - sent]);
  const [[, change]] = changes as [[string, Change]];
  ok(change.kind === 'paused' && change.forMs >= 20_000);
});

test('what another worker has blocked is parked here too, and goes when it is blocked no more', () => {
  const { claim, flow, inThreads, settlements, changes } = newFlow({ window: 2, failures: 5 });
  claim(10, 'a');
  flow.heardBlock('a', { kind: 'open', forMs: 30_000, opened: 1 });
  deepEqual([inThreads(), flow.waiting, settlements.size], [2, 0, 8]);
  claim(1, 'a');
  equal(settlements.size, 9);
  deepEqual(changes, [], 'it is not told to those who said it');
  flow.heardBlock('a', null);
  claim(3, 'a', true);
  equal(flow.waiting, 3, 'what was fetched from the parked ones waits for the window');
  claim(1, 'a');
  equal(settlements.size, 10, 'what is ready queues up behind what is parked');
});
