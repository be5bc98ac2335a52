/** The part of the conformance suite about what is parked for destinations, and about disabling them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Broker, Claim, Settlement, Standing } from '../../src/broker/broker.ts';
import {
  acks,
  BIG_BYTES,
  claimCount,
  envelopes,
  type It,
  ids,
  letterOf,
  MANY,
  numbered,
  reclaimAll,
  SHORT_LEASE_MS,
  settleAll,
  stats,
  texts,
} from './broker-testing.ts';

const SINCE_MS = 1_764_000_000_000;

export function parking(it: It): void {
  settingAside(it);
  draining(it);
  disabling(it);
}

function settingAside(it: It): void {
  it('what is parked is claimed for its destination alone, and then has its attempts and its id', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'b'));
    const first = await broker.reserve(2, BIG_BYTES);
    await settleAll(broker, first, (claim) => ({ kind: 'retry', claim, delayMs: 0, attempts: 3 }));
    deepEqual(await broker.settle(parks(await claimCount(broker, 2), 'x')), { late: 0 });
    deepEqual(await broker.stats(), stats({ parked: 2 }));
    deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
    deepEqual(await broker.reserveParked('y', MANY, BIG_BYTES), []);
    const again = await broker.reserveParked('x', MANY, BIG_BYTES);
    deepEqual(
      again.map(facts),
      first.map((claim) => ({ ...facts(claim), attempts: 3 })),
    );
    deepEqual(await broker.stats(), stats({ leased: 2 }));
    deepEqual(await broker.settle(acks(again)), { late: 0 });
    deepEqual(await broker.stats(), stats({}));
  });

  it('what is parked goes behind what is parked already', async (open) => {
    const broker = await open();
    await park(broker, 'x', envelopes('a', 'b', 'c'));
    await broker.settle(parks(await broker.reserveParked('x', 1, BIG_BYTES), 'x'));
    await park(broker, 'x', envelopes('d'));
    deepEqual(texts(await broker.reserveParked('x', MANY, BIG_BYTES)), ['b', 'c', 'a', 'd']);
  });

  it('parking is applied once, and not at all by a worker whose lease has lapsed', async (open) => {
    const [zombie, live] = [await open(SHORT_LEASE_MS), await open()];
    await zombie.publish(envelopes('a', 'b'));
    const [lost] = await zombie.reserve(1, BIG_BYTES);
    await reclaimAll(live, 1);
    deepEqual(await zombie.settle(parks([lost!], 'x')), { late: 1 });
    deepEqual((await live.standings(null)).standings, []);
    const claims = await live.reserve(MANY, BIG_BYTES);
    deepEqual(await zombie.settle(parks([lost!], 'x')), { late: 1 }, 'also when somebody else holds it');
    deepEqual(await live.settle(parks(claims, 'x')), { late: 0 });
    deepEqual(await live.settle(parks(claims, 'x')), { late: 2 });
    deepEqual(await live.stats(), stats({ parked: 2 }));
    deepEqual((await live.standings(null)).standings, [standing('x', { parked: 2 })]);
  });

  it('one settle parks for several destinations, beside other settlements', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('x1', 'y1', 'x2', 'done', 'z1', 'y2'));
    const [x1, y1, x2, done, z1, y2] = await broker.reserve(MANY, BIG_BYTES);
    const settled = await broker.settle([
      ...parks([x1!], 'x'),
      ...parks([y1!], 'y'),
      ...parks([x2!], 'x'),
      ...acks([done!]),
      { kind: 'release', claim: z1! },
      ...parks([y2!], 'y'),
    ]);
    deepEqual(settled, { late: 0 });
    deepEqual(await broker.stats(), stats({ ready: 1, parked: 4 }));
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['z1']);
    deepEqual(texts(await broker.reserveParked('y', MANY, BIG_BYTES)), ['y1', 'y2']);
    deepEqual(texts(await broker.reserveParked('x', MANY, BIG_BYTES)), ['x1', 'x2']);
  });

  it('destinations are told apart and told by name, whatever they are called', async (open) => {
    const broker = await open();
    const names = [' ', '__proto__', 'a:b', 'https://example.com:8443', 'toString', '{x}', '~', "'"];
    for (const name of names) await park(broker, name, envelopes(name));
    deepEqual(
      (await broker.standings(null)).standings,
      names.toSorted().map((name) => standing(name, { parked: 1 })),
    );
    for (const name of names) deepEqual(texts(await broker.reserveParked(name, MANY, BIG_BYTES)), [name]);
    deepEqual((await broker.standings(null)).standings, []);
  });

  it('what is parked survives the worker that parked it, its lease and its connection', async (open) => {
    const [gone, other] = [await open(SHORT_LEASE_MS), await open()];
    await park(gone, 'x', envelopes('a', 'b'));
    await gone.publish(envelopes('held'));
    await gone.reserve(1, BIG_BYTES);
    await gone.close();
    await reclaimAll(other, 1);
    deepEqual(await other.stats(), stats({ ready: 1, parked: 2 }));
    await other.close();
    const next = await open();
    deepEqual(await next.stats(), stats({ ready: 1, parked: 2 }));
    deepEqual(texts(await next.reserveParked('x', MANY, BIG_BYTES)), ['a', 'b']);
  });
}

function draining(it: It): void {
  it('a claim of what is parked takes at most maxCount, and stops at about maxBytes', async (open) => {
    const broker = await open();
    await park(
      broker,
      'x',
      Array.from({ length: 100 }, () => Buffer.alloc(10_000, 'x')),
    );
    equal((await broker.reserveParked('x', 7, BIG_BYTES)).length, 7);
    const one = await broker.reserveParked('x', MANY, 1);
    ok(one.length >= 1 && one.length <= 4, `${one.length} of 10 kB in 1 B`);
    const claims = await broker.reserveParked('x', MANY, 200_000);
    ok(claims.length >= 15 && claims.length <= 25, `${claims.length} of 10 kB in 200 kB`);
    const left = 100 - 7 - one.length - claims.length;
    deepEqual((await broker.standings(null)).standings, [standing('x', { parked: left })]);
    equal((await broker.reserveParked('x', MANY, BIG_BYTES)).length, left);
  });

  it('what was claimed of what is parked is settled as any other', async (open) => {
    const broker = await open();
    await park(broker, 'x', envelopes('a', 'b', 'c', 'd', 'e'));
    const [a, b, c, d, e] = await broker.reserveParked('x', MANY, BIG_BYTES);
    const settlements: Settlement[] = [
      { kind: 'ack', claim: a! },
      { kind: 'retry', claim: b!, delayMs: 3_600_000, attempts: 1 },
      { kind: 'dead', claim: c!, letter: letterOf(c!) },
      { kind: 'release', claim: d! },
      { kind: 'park', claim: e!, destination: 'x' },
    ];
    deepEqual(await broker.settle(settlements), { late: 0 });
    const after = await broker.stats();
    deepEqual(after, stats({ ready: 1, delayed: 1, parked: 1, dead: 1 }));
    deepEqual(await broker.settle(settlements), { late: 5 });
    deepEqual(await broker.stats(), after);
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['d']);
  });

  it('what a dead worker held of what is parked is reclaimed with its attempts and its ids', async (open) => {
    const [dead, live] = [await open(SHORT_LEASE_MS), await open()];
    await park(dead, 'x', envelopes('a', 'b', 'c'));
    const held = await dead.reserveParked('x', 2, BIG_BYTES);
    await reclaimAll(live, 2);
    deepEqual(await live.stats(), stats({ ready: 2, parked: 1 }));
    deepEqual(await dead.settle(acks(held)), { late: 2 });
    deepEqual((await live.reserve(MANY, BIG_BYTES)).map(facts), held.map(facts));
  });

  it('a claim of what is parked under a lease that has lapsed unnoticed is under a new one', async (open) => {
    const [worker, other] = [await open(SHORT_LEASE_MS), await open()];
    await park(worker, 'x', envelopes('a', 'b'));
    await worker.reserveParked('x', 1, BIG_BYTES);
    await reclaimAll(other, 1);
    const claims = await worker.reserveParked('x', 1, BIG_BYTES);
    equal(await other.reclaim(), 0);
    deepEqual(await worker.settle(acks(claims)), { late: 0 });
  });

  it('workers that drain the same destination never hold the same delivery', async (open) => {
    const workers = [await open(), await open()];
    await park(workers[0]!, 'x', numbered(600));
    const drained = await Promise.all(workers.map((worker) => drain(worker, 'x', 7)));
    deepEqual(texts(drained.flat()).sort(), numbered(600).map(String));
    equal(new Set(ids(drained.flat())).size, 600);
    deepEqual(await workers[0]!.stats(), stats({ leased: 600 }));
  });

  it('5 000 parked deliveries are drained in their order, each once', async (open) => {
    const broker = await open();
    const all = numbered(5_000);
    await park(broker, 'x', all.slice(0, 3_000));
    await park(broker, 'x', all.slice(3_000));
    deepEqual(await broker.stats(), stats({ parked: 5_000 }));
    const claims = await drain(broker, 'x', MANY);
    deepEqual(texts(claims), all.map(String));
    deepEqual(await broker.settle(acks(claims)), { late: 0 });
    deepEqual(await broker.stats(), stats({}));
  });

  it('discarding deletes what is parked for one destination, and says how many', async (open) => {
    const broker = await open();
    equal(await broker.discardParked('x'), 0);
    await park(broker, 'x', numbered(1_200));
    await park(broker, 'y', envelopes('kept'));
    await broker.disableDestination('x', 'gone', SINCE_MS);
    equal(await broker.discardParked('x'), 1_200);
    equal(await broker.discardParked('x'), 0);
    deepEqual(await broker.stats(), stats({ parked: 1 }));
    const disabled = { by: 'gone', sinceMs: SINCE_MS } as const;
    deepEqual((await broker.standings(null)).standings, [
      standing('x', { disabled }),
      standing('y', { parked: 1 }),
    ]);
    deepEqual(texts(await broker.reserveParked('y', MANY, BIG_BYTES)), ['kept']);
  });
}

function disabling(it: It): void {
  it('nothing that is parked is claimed of a destination while it is disabled', async (open) => {
    const [broker, other] = [await open(), await open()];
    await park(broker, 'x', envelopes('a', 'b'));
    equal(await broker.disableDestination('x', 'gone', SINCE_MS), true);
    for (const worker of [broker, other]) deepEqual(await worker.reserveParked('x', MANY, BIG_BYTES), []);
    await park(broker, 'x', envelopes('c'));
    equal(await other.enableDestination('x'), 3);
    deepEqual(await broker.stats(), stats({ parked: 3 }), 'enabling moves nothing');
    deepEqual(texts(await broker.reserveParked('x', MANY, BIG_BYTES)), ['a', 'b', 'c']);
  });

  it('a destination is disabled once: the first reason and time stay', async (open) => {
    const broker = await open();
    const told = async () => (await broker.standings(null)).standings;
    equal(await broker.disableDestination('x', 'gone', SINCE_MS), true);
    equal(await broker.disableDestination('x', 'command', SINCE_MS + 1), false);
    deepEqual(await told(), [standing('x', { disabled: { by: 'gone', sinceMs: SINCE_MS } })]);
    equal(await broker.enableDestination('x'), 0);
    deepEqual(await told(), []);
    equal(await broker.disableDestination('x', 'config', SINCE_MS + 2), true);
    deepEqual(await told(), [standing('x', { disabled: { by: 'config', sinceMs: SINCE_MS + 2 } })]);
  });

  it('enabling what is not disabled says so, also where something is parked', async (open) => {
    const broker = await open();
    equal(await broker.enableDestination('x'), null);
    await park(broker, 'x', envelopes('a'));
    equal(await broker.enableDestination('x'), null);
    await broker.disableDestination('x', 'gone', SINCE_MS);
    equal(await broker.enableDestination('x'), 1);
    equal(await broker.enableDestination('x'), null);
    deepEqual(await broker.stats(), stats({ parked: 1 }));
  });

  it('parking and draining that race with disabling and enabling lose nothing and double nothing', async (open) => {
    const [worker, drainer, other] = [await open(), await open(), await open()];
    const all = numbered(1_000);
    await worker.publish(all);
    let racing = true;
    const flipping = (async () => {
      while (racing) {
        await other.disableDestination('x', 'command', SINCE_MS);
        await other.enableDestination('x');
      }
    })();
    const drained: Claim[] = [];
    const emptying = (async () => {
      while (drained.length < all.length) drained.push(...(await drainer.reserveParked('x', 20, BIG_BYTES)));
    })();
    for (let left = all.length; left > 0; ) {
      const claims = await worker.reserve(50, BIG_BYTES);
      left -= claims.length;
      equal((await worker.settle(parks(claims, 'x'))).late, 0);
    }
    await emptying;
    racing = false;
    await flipping;
    deepEqual(texts(drained).sort(), all.map(String));
    deepEqual(await drainer.settle(acks(drained)), { late: 0 });
    deepEqual(await worker.stats(), stats({}));
    deepEqual((await worker.standings(null)).standings, []);
  });
}

/** Claims all that is parked for a destination, a few at a time. */
async function drain(broker: Broker, destination: string, atATime: number): Promise<Claim[]> {
  const drained: Claim[] = [];
  for (;;) {
    const claims = await broker.reserveParked(destination, atATime, BIG_BYTES);
    if (claims.length === 0) return drained;
    drained.push(...claims);
  }
}

/** Publishes these and parks them for a destination, in this order; nothing else may be ready. */
export async function park(broker: Broker, destination: string, parked: readonly Buffer[]): Promise<void> {
  await broker.publish(parked);
  for (let left = parked.length; left > 0; ) {
    const claims = await broker.reserve(Math.min(left, MANY), BIG_BYTES);
    left -= claims.length;
    deepEqual(await broker.settle(parks(claims, destination)), { late: 0 });
  }
}

/** Settlements that park these. */
export function parks(claims: readonly Claim[], destination: string): Settlement[] {
  return claims.map((claim) => ({ kind: 'park', claim, destination }));
}

/** What is known of a destination of which only these are. */
export function standing(destination: string, known: Partial<Standing>): Standing {
  return { destination, disabled: null, block: null, parked: 0, ...known };
}

function facts({ mintedId, attempts, envelope }: Claim) {
  return { mintedId, attempts, text: String(envelope) };
}
