/** The part of the conformance suite about ordered delivery. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Broker, Claim, Settlement } from '../../src/broker/broker.ts';
import {
  acks,
  BIG_BYTES,
  claimCount,
  envelopes,
  type It,
  ids,
  letterOf,
  MANY,
  NEVER,
  PATIENCE_MS,
  reclaimAll,
  SHORT_LEASE_MS,
  stats,
  timed,
} from './broker-testing.ts';
import { parks } from './parking.ts';

export function ordering(it: It): void {
  turns(it);
  keeping(it);
  passingOn(it);
}

function turns(it: It): void {
  it('of one ordering key one delivery at a time is claimed, in the order of publishing; others go on', async (open) => {
    const broker = await open();
    await broker.publish([
      keyed('a', 1),
      keyed('a', 2),
      keyed('b', 1),
      envelopes('plain')[0]!,
      keyed('a', 3),
    ]);
    const claims = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(labels(claims), ['a1', 'b1', 'plain']);
    deepEqual(await broker.stats(), stats({ parked: 2, leased: 3 }));
    deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
    await broker.settle(acks(claims));
    deepEqual(await finishAll(broker), ['a2', 'a3']);
    deepEqual(await broker.stats(), stats({}));
  });

  it('a delivery that waited for its turn has no attempts, and an id of its own, the same at every attempt', async (open) => {
    const broker = await open();
    await broker.publish([1, 2, 3].map((number) => keyed('a', number)));
    const seen: Claim[] = [];
    for (let i = 0; i < 3; i++) {
      const [claim] = await broker.reserve(MANY, BIG_BYTES);
      equal(claim!.attempts, 0);
      await broker.settle([{ kind: 'retry', claim: claim!, delayMs: 0, attempts: 1 }]);
      const [again] = await claimCount(broker, 1);
      deepEqual([again!.attempts, again!.mintedId], [1, claim!.mintedId]);
      ok(again!.envelope.equals(keyed('a', i + 1)));
      await broker.settle(acks([again!]));
      seen.push(again!);
    }
    equal(new Set(ids(seen)).size, 3);
    for (const id of ids(seen)) ok(/^evt_[A-Za-z0-9_.:-]{1,124}$/.test(id), id);
  });

  it('deliveries that wait behind an ordering key do not keep others from being claimed', async (open) => {
    const broker = await open();
    await broker.publish(Array.from({ length: 1_500 }, (_, i) => keyed('a', i)));
    await broker.publish(envelopes('x', 'y', 'z'));
    deepEqual(labels(await claimCount(broker, 4)), ['a0', 'x', 'y', 'z']);
    deepEqual(await broker.stats(), stats({ parked: 1_499, leased: 4 }));
  });

  it('several workers keep the order of every key, whatever they make of the deliveries', async (open) => {
    const workers = [await open(), await open(), await open()];
    const [keys, each] = [7, 40];
    for (let number = 0; number < each; number++)
      await workers[0]!.publish(Array.from({ length: keys }, (_, key) => keyed(`k${key}-`, number)));
    const inHand = new Set<string>();
    const next = new Map<string, number>();
    let left = keys * each;
    let turn = 0;
    const work = async (worker: Broker) => {
      while (left > 0) {
        const claims = await worker.reserve(5, BIG_BYTES);
        claims.push(...(await worker.reserveParked('x', 2, BIG_BYTES)));
        for (const claim of claims) {
          const [, key, number] = /^(.*-)(\d+)$/.exec(labels([claim])[0]!)!;
          equal(inHand.has(key!), false, `two of ${key} at once`);
          inHand.add(key!);
          equal(Number(number), next.get(key!) ?? 0, `of ${key}`);
          const settlement = settlementOf(claim, turn++);
          if (settlement.kind === 'ack' || settlement.kind === 'dead') {
            next.set(key!, Number(number) + 1);
            left--;
          }
          inHand.delete(key!);
          deepEqual(await worker.settle([settlement]), { late: 0 });
        }
      }
    };
    await Promise.all(workers.map(work));
    const { dead, ...others } = await workers[0]!.stats();
    deepEqual({ ...others, dead: 0 }, stats({}));
    ok(dead > 0);
  });
}

function keeping(it: It): void {
  const cases: {
    what: string;
    settle: (claim: Claim) => Settlement;
    /** Claims until it has two. */
    claimTwo: (broker: Broker) => Promise<Claim[]>;
  }[] = [
    {
      what: 'that is to be retried',
      settle: (claim) => ({ kind: 'retry', claim, delayMs: 100, attempts: 1 }),
      claimTwo: (broker) => claimCount(broker, 2),
    },
    {
      what: 'that is released',
      settle: (claim) => ({ kind: 'release', claim }),
      claimTwo: (broker) => broker.reserve(MANY, BIG_BYTES),
    },
    {
      what: 'that is parked',
      settle: (claim) => ({ kind: 'park', claim, destination: 'x' }),
      claimTwo: async (broker) => [
        ...(await broker.reserve(MANY, BIG_BYTES)),
        ...(await broker.reserveParked('x', MANY, BIG_BYTES)),
      ],
    },
  ];
  for (const { what, settle, claimTwo } of cases)
    it(`a delivery ${what} keeps its turn, and holds up its own key only`, async (open) => {
      const [broker, other] = [await open(), await open()];
      await broker.publish([keyed('a', 1), keyed('a', 2), keyed('b', 1), keyed('b', 2)]);
      const [a1, b1] = await broker.reserve(MANY, BIG_BYTES);
      await broker.settle([settle(a1!), { kind: 'ack', claim: b1! }]);
      const claims = await claimTwo(other);
      deepEqual(labels(claims).sort(), ['a1', 'b2'], 'not the second of its key');
      await other.settle(acks(claims));
      deepEqual(labels(await broker.reserve(MANY, BIG_BYTES)), ['a2']);
    });

  it('a delivery that is reclaimed keeps its turn, and a late settlement does not pass it on', async (open) => {
    const [dead, live] = [await open(SHORT_LEASE_MS), await open()];
    await dead.publish([1, 2, 3].map((number) => keyed('a', number)));
    const [lost] = await dead.reserve(MANY, BIG_BYTES);
    await reclaimAll(live, 1);
    const late: Settlement[] = [
      { kind: 'ack', claim: lost! },
      { kind: 'dead', claim: lost!, letter: letterOf(lost!) },
      { kind: 'retry', claim: lost!, delayMs: 0, attempts: 1 },
      ...parks([lost!], 'x'),
      { kind: 'release', claim: lost! },
    ];
    deepEqual(await dead.settle(late), { late: 5 });
    const [again] = await live.reserve(MANY, BIG_BYTES);
    deepEqual([...labels([again!]), again!.mintedId], ['a1', lost!.mintedId]);
    deepEqual(await dead.settle(late), { late: 5 });
    deepEqual(await live.reserve(MANY, BIG_BYTES), []);
    await live.settle(acks([again!]));
    deepEqual(await finishAll(live), ['a2', 'a3']);
  });

  it('what is held of a key when its worker closes is reclaimed, and the key goes on', async (open) => {
    const [leaver, other] = [await open(SHORT_LEASE_MS), await open()];
    await leaver.publish([1, 2].map((number) => keyed('a', number)));
    await leaver.reserve(MANY, BIG_BYTES);
    await leaver.close();
    await reclaimAll(other, 1);
    deepEqual(await finishAll(other), ['a1', 'a2']);
  });
}

function passingOn(it: It): void {
  it('the turn is passed on by an ack, a death and a discard of what is parked', async (open) => {
    const broker = await open();
    await broker.publish([1, 2, 3, 4].map((number) => keyed('a', number)));
    await broker.settle(acks(await broker.reserve(MANY, BIG_BYTES)));
    const [second] = await broker.reserve(MANY, BIG_BYTES);
    await broker.settle([{ kind: 'dead', claim: second!, letter: letterOf(second!) }]);
    await broker.settle(parks(await broker.reserve(MANY, BIG_BYTES), 'x'));
    deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
    await broker.publish([keyed('a', 5)]);
    equal(await broker.discardParked('x'), 2, 'the fourth was set aside');
    deepEqual(await finishAll(broker), ['a5'], 'a turn that nobody wanted is free');
    equal(await broker.discardDead({}, MANY), 1);
    await broker.publish([keyed('a', 6)]);
    deepEqual(await finishAll(broker), ['a6']);
  });

  it('what is set aside behind what is discarded goes with it, of however many, and nothing else does', async (open) => {
    const broker = await open();
    const elsewhere = Buffer.from(
      JSON.stringify({ destination: 'y', orderingKey: 'a', payload: { number: 0 } }),
    );
    await broker.publish([keyed('a', 0), keyed('b', 0), elsewhere, keyed('c', 0)]);
    await broker.publish(Array.from({ length: 1_300 }, (_, i) => keyed('a', i + 1)));
    await broker.publish([keyed('b', 1), keyed('c', 1), elsewhere]);
    const [a, b, other, c] = await broker.reserve(MANY, BIG_BYTES);
    // All that comes behind them is set aside, a piece at a time.
    while ((await broker.stats()).ready > 0) await broker.reserve(MANY, BIG_BYTES);
    await broker.settle(parks([a!, b!], 'x'));
    equal(await broker.discardParked('x'), 1 + 1_300 + 2);
    deepEqual(await broker.stats(), stats({ leased: 2, parked: 2 }));
    equal(await broker.discardParked('x'), 0);
    await broker.settle(acks([other!, c!]));
    deepEqual((await finishAll(broker)).sort(), ['a0', 'c1']);
    await broker.publish([keyed('a', 9_999)]);
    deepEqual(await finishAll(broker), ['a9999'], 'the turn is with nobody');
    deepEqual(await broker.stats(), stats({}));
  });

  it('a dead letter that is replayed queues behind what waits for its key', async (open) => {
    const broker = await open();
    await broker.publish([1, 2, 3].map((number) => keyed('a', number)));
    const [first] = await broker.reserve(MANY, BIG_BYTES);
    await broker.settle([
      { kind: 'dead', claim: first!, letter: { ...letterOf(first!), id: first!.mintedId } },
    ]);
    equal(await broker.replayDead({}, MANY), 1);
    const [second] = await broker.reserve(1, BIG_BYTES);
    await broker.settle(acks([second!]));
    const [third] = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(labels([second!, third!]), ['a2', 'a3']);
    await broker.settle(acks([third!]));
    const [again] = await broker.reserve(MANY, BIG_BYTES);
    deepEqual([...labels([again!]), again!.mintedId], ['a1', first!.mintedId]);
    await broker.settle(acks([again!]));
    deepEqual(await broker.stats(), stats({}));
  });

  it('two dead letters of one id, replayed, are delivered one after the other', async (open) => {
    const broker = await open();
    await broker.publish([1, 2].map((number) => keyed('a', number)));
    for (let i = 0; i < 2; i++) {
      const [claim] = await broker.reserve(MANY, BIG_BYTES);
      await broker.settle([{ kind: 'dead', claim: claim!, letter: { ...letterOf(claim!), id: 'same' } }]);
    }
    equal(await broker.replayDead({}, MANY), 2);
    equal((await broker.reserve(MANY, BIG_BYTES)).length, 1);
    deepEqual(await broker.reserve(MANY, BIG_BYTES), []);
    deepEqual(await broker.stats(), stats({ parked: 1, leased: 1 }));
  });

  it('waiting ends when another worker passes the turn on', async (open) => {
    const [worker, other] = [await open(), await open()];
    await worker.publish([1, 2].map((number) => keyed('a', number)));
    const claims = await other.reserve(MANY, BIG_BYTES);
    deepEqual(await worker.reserve(MANY, BIG_BYTES), []);
    const waited = timed(worker.waitForWork(PATIENCE_MS, NEVER));
    await worker.stats();
    await other.settle(acks(claims));
    ok((await waited) < PATIENCE_MS / 2);
    deepEqual(labels(await worker.reserve(MANY, BIG_BYTES)), ['a2']);
  });
}

/** An envelope for destination x, ordered by this key. */
export function keyed(orderingKey: string, number: number): Buffer {
  return Buffer.from(JSON.stringify({ destination: 'x', orderingKey, payload: { number } }));
}

/** Key and number of each, or its text when it has none. */
function labels(claims: readonly Claim[]): string[] {
  return claims.map(({ envelope }) => {
    const text = String(envelope);
    if (!text.startsWith('{')) return text;
    const { orderingKey, payload } = JSON.parse(text) as { orderingKey: string; payload: { number: number } };
    return `${orderingKey}${payload.number}`;
  });
}

/** Claims and acknowledges one after the other until nothing is left; answers what came. */
async function finishAll(broker: Broker): Promise<string[]> {
  const came: string[] = [];
  while ((await broker.stats()).ready > 0) {
    const claims = await broker.reserve(MANY, BIG_BYTES);
    came.push(...labels(claims));
    await broker.settle(acks(claims));
  }
  return came;
}

/** Each kind of settlement in its turn. */
function settlementOf(claim: Claim, turn: number): Settlement {
  switch (turn % 7) {
    case 0:
      return { kind: 'release', claim };
    case 1:
      return { kind: 'retry', claim, delayMs: turn % 3, attempts: claim.attempts + 1 };
    case 2:
      return { kind: 'park', claim, destination: 'x' };
    case 3:
      return { kind: 'dead', claim, letter: { ...letterOf(claim), id: claim.mintedId } };
    default:
      return { kind: 'ack', claim };
  }
}
