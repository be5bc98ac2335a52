/** The part of the conformance suite about destinations that are disabled, and what is parked for them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Broker, Claim, Settlement } from '../../src/broker/broker.ts';
import {
  acks,
  BIG_BYTES,
  claimCount,
  envelopes,
  type It,
  ids,
  MANY,
  NEVER,
  numbered,
  PATIENCE_MS,
  reclaimAll,
  SHORT_LEASE_MS,
  settleAll,
  stats,
  texts,
  timed,
} from './broker-testing.ts';

const SINCE_MS = 1_764_000_000_000;

export function parking(it: It): void {
  it('what is parked is nobody’s to claim until its destination is enabled, and then has its attempts and its id', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'b'));
    const first = await broker.reserve(2, BIG_BYTES);
    await settleAll(broker, first, (claim) => ({ kind: 'retry', claim, delayMs: 0, attempts: 3 }));
    await broker.disableDestination('x', 'gone', SINCE_MS);
    deepEqual(await broker.settle(parks(await claimCount(broker, 2), 'x')), { late: 0 });
    deepEqual(await broker.stats(), stats({ parked: 2 }));
    deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
    equal(await broker.enableDestination('x'), 2);
    deepEqual(await broker.stats(), stats({ ready: 2 }));
    const again = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(
      again.map(facts),
      first.map((claim) => ({ ...facts(claim), attempts: 3 })),
    );
    deepEqual(await broker.settle(acks(again)), { late: 0 });
    deepEqual(await broker.stats(), stats({}));
  });

  it('parking for a destination that is not disabled is a release, and says so', async (open) => {
    const broker = await open();
    await broker.disableDestination('x', 'gone', SINCE_MS);
    await broker.enableDestination('x');
    await broker.publish(envelopes('a', 'b', 'c', 'd'));
    const claims = await broker.reserve(3, BIG_BYTES);
    deepEqual(await broker.settle(parks(claims, 'x')), { late: 0, enabled: ['x'] });
    deepEqual(await broker.stats(), stats({ ready: 4 }));
    const again = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(texts(again), ['a', 'b', 'c', 'd']);
    deepEqual(ids(again.slice(0, 3)), ids(claims));
    deepEqual(await broker.disabledDestinations(), []);
  });

  it('parking is applied once, and not at all by a worker whose lease has lapsed', async (open) => {
    const [zombie, live] = [await open(SHORT_LEASE_MS), await open()];
    await live.disableDestination('x', 'gone', SINCE_MS);
    await zombie.publish(envelopes('a', 'b'));
    const [lost] = await zombie.reserve(1, BIG_BYTES);
    await reclaimAll(live, 1);
    deepEqual(await zombie.settle(parks([lost!], 'x')), { late: 1 });
    deepEqual(await zombie.settle(parks([lost!], 'not disabled')), { late: 1 });
    const claims = await live.reserve(MANY, BIG_BYTES);
    deepEqual(await zombie.settle(parks([lost!], 'x')), { late: 1 }, 'also when somebody else holds it');
    deepEqual(await live.settle(parks(claims, 'x')), { late: 0 });
    deepEqual(await live.settle(parks(claims, 'x')), { late: 2 });
    deepEqual(await live.stats(), stats({ parked: 2 }));
    deepEqual(await live.disabledDestinations(), [
      { destination: 'x', by: 'gone', sinceMs: SINCE_MS, parked: 2 },
    ]);
  });

  it('one settle parks for several destinations, beside other settlements, and each is enabled alone', async (open) => {
    const broker = await open();
    for (const destination of ['x', 'y']) await broker.disableDestination(destination, 'gone', SINCE_MS);
    await broker.publish(envelopes('x1', 'y1', 'x2', 'done', 'z1', 'y2'));
    const [x1, y1, x2, done, z1, y2] = await broker.reserve(MANY, BIG_BYTES);
    const settled = await broker.settle([
      ...parks([x1!], 'x'),
      ...parks([y1!], 'y'),
      ...parks([x2!], 'x'),
      ...acks([done!]),
      ...parks([z1!], 'z'),
      ...parks([y2!], 'y'),
    ]);
    deepEqual(settled, { late: 0, enabled: ['z'] });
    deepEqual(await broker.stats(), stats({ ready: 1, parked: 4 }));
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['z1']);
    equal(await broker.enableDestination('y'), 2);
    deepEqual(await broker.stats(), stats({ ready: 2, leased: 1, parked: 2 }));
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['y1', 'y2']);
    equal(await broker.enableDestination('x'), 2);
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['x1', 'x2']);
  });

  it('a destination is disabled once: the first reason and time stay', async (open) => {
    const broker = await open();
    equal(await broker.disableDestination('x', 'gone', SINCE_MS), true);
    equal(await broker.disableDestination('x', 'command', SINCE_MS + 1), false);
    const x = { destination: 'x', by: 'gone', sinceMs: SINCE_MS, parked: 0 };
    deepEqual(await broker.disabledDestinations(), [x]);
    equal(await broker.enableDestination('x'), 0);
    deepEqual(await broker.disabledDestinations(), []);
    equal(await broker.disableDestination('x', 'config', SINCE_MS + 2), true);
    deepEqual(await broker.disabledDestinations(), [{ ...x, by: 'config', sinceMs: SINCE_MS + 2 }]);
  });

  it('enabling what is not disabled does nothing and says so, the second time too', async (open) => {
    const broker = await open();
    equal(await broker.enableDestination('x'), null);
    await park(broker, 'x', envelopes('a'));
    equal(await broker.enableDestination('x'), 1);
    equal(await broker.enableDestination('x'), null);
    deepEqual(await broker.stats(), stats({ ready: 1 }));
    await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES)));
    equal(await broker.enableDestination('x'), null);
    deepEqual(await broker.stats(), stats({}));
  });

  it('destinations are listed by name, whatever they are called', async (open) => {
    const broker = await open();
    const names = [' ', '__proto__', 'a:b', 'https://example.com:8443', 'toString', '{x}', '~', "'"];
    for (const name of names) await park(broker, name, envelopes(name));
    deepEqual(
      (await broker.disabledDestinations()).map(({ destination }) => destination),
      names.toSorted(),
    );
    for (const name of names) equal(await broker.enableDestination(name), 1, name);
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)).sort(), names.toSorted());
  });

  it('what one worker disables and parks, others see, count and enable', async (open) => {
    const [one, other] = [await open(), await open()];
    await park(one, 'x', envelopes('a', 'b'));
    await other.publish(envelopes('c'));
    deepEqual(await other.settle(parks(await other.reserve(MANY, BIG_BYTES), 'x')), { late: 0 });
    deepEqual(await one.stats(), stats({ parked: 3 }));
    deepEqual(await other.disabledDestinations(), await one.disabledDestinations());
    equal(await other.enableDestination('x'), 3);
    deepEqual(await one.disabledDestinations(), []);
    deepEqual(texts(await one.reserve(MANY, BIG_BYTES)), ['a', 'b', 'c']);
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
    equal(await next.enableDestination('x'), 2);
    deepEqual(texts(await next.reserve(MANY, BIG_BYTES)).sort(), ['a', 'b', 'held']);
  });

  it('5 000 parked deliveries are ready again in their order, each once', async (open) => {
    const broker = await open();
    const all = numbered(5_000);
    await park(broker, 'x', all.slice(0, 3_000));
    await park(broker, 'x', all.slice(3_000));
    deepEqual(await broker.stats(), stats({ parked: 5_000 }));
    equal(await broker.enableDestination('x'), 5_000);
    deepEqual(await broker.stats(), stats({ ready: 5_000 }));
    const claims = await claimCount(broker, 5_000);
    deepEqual(texts(claims), all.map(String));
    equal(new Set(ids(claims)).size, 5_000);
    deepEqual(await broker.settle(acks(claims)), { late: 0 });
    deepEqual(await broker.stats(), stats({}));
  });

  it('enabled deliveries do not hold back what waits, nor does that hold back them', async (open) => {
    const broker = await open();
    await park(broker, 'x', Array(40).fill(Buffer.from('parked')));
    await broker.publish(Array(40).fill(Buffer.from('new')));
    await broker.enableDestination('x');
    const taken = texts(await broker.reserve(20, BIG_BYTES));
    ok(taken.filter((text) => text === 'new').length >= 10, `${taken}`);
    equal((await claimCount(broker, 60)).length, 60);
    deepEqual(await broker.stats(), stats({ leased: 80 }));
  });

  it('waiting ends when another connection enables a destination', async (open) => {
    const [worker, other] = [await open(), await open()];
    await park(worker, 'x', envelopes('a'));
    const waited = timed(worker.waitForWork(PATIENCE_MS, NEVER));
    await worker.stats();
    await other.enableDestination('x');
    ok((await waited) < PATIENCE_MS / 2);
    deepEqual(texts(await worker.reserve(MANY, BIG_BYTES)), ['a']);
  });

  it('parking that races with enabling and disabling loses nothing and leaves nothing behind', async (open) => {
    const [worker, other] = [await open(), await open()];
    const all = numbered(2_000);
    await worker.publish(all);
    let racing = true;
    const flipping = (async () => {
      while (racing) {
        await other.disableDestination('x', 'command', SINCE_MS);
        await other.enableDestination('x');
      }
    })();
    const parked = new Set<string>();
    while (parked.size < all.length) {
      const claims = await worker.reserve(50, BIG_BYTES);
      if (claims.length === 0) await worker.waitForWork(PATIENCE_MS, NEVER);
      for (const text of texts(claims)) parked.add(text);
      equal((await worker.settle(parks(claims, 'x'))).late, 0);
    }
    racing = false;
    await flipping;
    deepEqual(await worker.disabledDestinations(), []);
    deepEqual(await worker.stats(), stats({ ready: all.length }));
    deepEqual(texts(await claimCount(worker, all.length)).sort(), all.map(String));
  });
}

/** Disables a destination and parks these for it, in this order. */
async function park(broker: Broker, destination: string, parked: readonly Buffer[]): Promise<void> {
  await broker.disableDestination(destination, 'gone', SINCE_MS);
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

function facts({ mintedId, attempts, envelope }: Claim) {
  return { mintedId, attempts, text: String(envelope) };
}
