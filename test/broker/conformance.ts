/**
 * What src/broker/broker.ts promises, as one suite that every adapter passes.
 *
 * Each test has a queue of its own and as many brokers on it, each with its own connection, as it asks for. Waiting is
 * on conditions, bounded generously; a lease that is to lapse is short, one that must not is long.
 */
import assert, { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, Claim, Settlement } from '../../src/broker/broker.ts';
import { idMint } from '../../src/delivery/ids.ts';
import type { DeadLetter } from '../../src/delivery/outcome.ts';
import { blocking } from './blocking.ts';
import {
  acks,
  BIG_BYTES,
  claimCount,
  envelopes,
  type It,
  ids,
  LONG_LEASE_MS,
  letterOf,
  MANY,
  type MakeBroker,
  NEVER,
  numbered,
  type OpenBroker,
  PATIENCE_MS,
  reclaimAll,
  SHORT_LEASE_MS,
  settleAll,
  stats,
  texts,
  timed,
  until,
} from './broker-testing.ts';
import { ordering } from './ordering.ts';
import { parking } from './parking.ts';
import { sequences } from './sequences.ts';
import { tokens } from './tokens.ts';

const mintToken = idMint(Date.now, randomBytes);

export function brokerConformance(name: string, makeBroker: MakeBroker): void {
  const it = (behaviour: string, body: (open: OpenBroker, t: TestContext) => Promise<void>) =>
    test(behaviour, async (t) => {
      const queue = `queue-${mintToken()}`;
      await body(async (leaseMs = LONG_LEASE_MS) => {
        const broker = makeBroker({ queue, leaseMs, mintToken, commandTimeoutMs: PATIENCE_MS });
        t.after(() => broker.close());
        await broker.open();
        return broker;
      }, t);
    });

  describe(name, () => {
    publishing(it);
    claiming(it);
    settling(it);
    retrying(it);
    leasing(it);
    waiting(it);
    deadLetters(it);
    parking(it);
    blocking(it);
    tokens(it);
    ordering(it);
    sequences(it);
    closing(it, makeBroker);
  });
}

function publishing(it: It): void {
  it('what is published is claimed in the order of publishing', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'b', 'c'));
    await broker.publish(envelopes('d'));
    await broker.publish(envelopes('e', 'f'));
    deepEqual(texts(await broker.reserve(4, BIG_BYTES)), ['a', 'b', 'c', 'd']);
    deepEqual(texts(await broker.reserve(4, BIG_BYTES)), ['e', 'f']);
    deepEqual(await broker.reserve(4, BIG_BYTES), []);
  });

  it('an envelope comes back byte for byte, whatever its bytes', async (open) => {
    const broker = await open();
    const all = [
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28]),
      Buffer.from('~3~{"id":"a tilde first"}'),
      Buffer.from('not JSON\r\n\0'),
      Buffer.alloc(1),
      randomBytes(2_097_152 + 1_000),
      randomBytes(9),
    ];
    // Views into a larger buffer, as a publisher that packs its envelopes has them.
    const views = all.map((bytes) =>
      Buffer.concat([Buffer.from('xx'), bytes, Buffer.from('yy')]).subarray(2, -2),
    );
    await broker.publish(views);
    deepEqual(views, all, 'the caller keeps its buffers');
    const claims = await broker.reserve(MANY, BIG_BYTES);
    equal(claims.length, all.length);
    for (const [i, { envelope }] of claims.entries()) ok(envelope.equals(all[i]!), `envelope ${i}`);
    await settleAll(broker, claims, (claim) => ({ kind: 'retry', claim, delayMs: 0, attempts: 1 }));
    const again = await claimCount(broker, all.length);
    for (const bytes of all)
      ok(
        again.some(({ envelope }) => envelope.equals(bytes)),
        'also after a retry',
      );
  });

  it('publishing nothing does nothing', async (open) => {
    const broker = await open();
    await broker.publish([]);
    equal((await broker.stats()).ready, 0);
  });

  it('a publish is seen whole or not at all', async (open) => {
    const [publisher, worker] = [await open(), await open()];
    const each = 50;
    const rounds = 20;
    const publishing = (async () => {
      for (let i = 0; i < rounds; i++) await publisher.publish(Array(each).fill(Buffer.from('x')));
    })();
    let seen = 0;
    while (seen < each * rounds) {
      seen = (await worker.stats()).ready;
      equal(seen % each, 0);
    }
    await publishing;
  });

  it('publishes that overlap are all kept', async (open) => {
    const brokers = [await open(), await open()];
    const names = Array.from({ length: 200 }, (_, i) => `event ${i}`);
    await Promise.all(names.map((name, i) => brokers[i % 2]!.publish(envelopes(name))));
    deepEqual(texts(await brokers[0]!.reserve(MANY, BIG_BYTES)).sort(), names.sort());
  });
}

function claiming(it: It): void {
  it('a fresh claim has made no attempts and has a token and an id of its own', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'a', 'a'));
    const claims = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(
      claims.map(({ attempts }) => attempts),
      [0, 0, 0],
    );
    equal(new Set(claims.map(({ token }) => token)).size, 3);
    equal(new Set(claims.map(({ mintedId }) => mintedId)).size, 3);
    for (const { mintedId } of claims) assert.match(mintedId, /^evt_[A-Za-z0-9_.:-]{1,124}$/);
  });

  it('a claim takes at most maxCount', async (open) => {
    const broker = await open();
    await broker.publish(numbered(600));
    equal((await broker.reserve(1, BIG_BYTES)).length, 1);
    equal((await broker.reserve(512, BIG_BYTES)).length, 512);
    equal((await broker.reserve(512, BIG_BYTES)).length, 87);
  });

  it('a claim stops at about maxBytes, and takes one at least', async (open) => {
    const broker = await open();
    await broker.publish(Array.from({ length: 100 }, () => Buffer.alloc(10_000, 'x')));
    const one = await broker.reserve(MANY, 1);
    ok(one.length >= 1 && one.length <= 4, `${one.length} of 10 kB in 1 B`);
    const claims = await broker.reserve(MANY, 200_000);
    ok(claims.length >= 15 && claims.length <= 25, `${claims.length} of 10 kB in 200 kB`);
  });

  it('two workers never hold the same delivery', async (open) => {
    const workers = [await open(), await open(), await open()];
    await workers[0]!.publish(numbered(900));
    const claimed = await Promise.all(
      workers.map(async (worker) => {
        const mine: Claim[] = [];
        for (;;) {
          const claims = await worker.reserve(7, BIG_BYTES);
          if (claims.length === 0) return mine;
          mine.push(...claims);
        }
      }),
    );
    deepEqual(texts(claimed.flat()).sort(), numbered(900).map(String).sort());
    equal(new Set(claimed.flat().map(({ token }) => token)).size, 900);
  });

  it('claims that overlap on one connection do not share a delivery', async (open) => {
    const broker = await open();
    await broker.publish(numbered(300));
    const claims = (await Promise.all([1, 2, 3].map(() => broker.reserve(100, BIG_BYTES)))).flat();
    equal(new Set(texts(claims)).size, 300);
    deepEqual(await broker.settle(acks(claims)), { late: 0 });
  });

  it('the same envelope published twice is two deliveries, settled separately', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('{"id":"same"}', '{"id":"same"}'));
    const [first, second] = await broker.reserve(MANY, BIG_BYTES);
    await broker.settle(acks([first!]));
    deepEqual(await broker.stats(), stats({ leased: 1 }));
    deepEqual(await broker.settle(acks([second!])), { late: 0 });
    deepEqual(await broker.stats(), stats({}));
  });

  it('the counts follow a delivery from place to place', async (open) => {
    const broker = await open();
    deepEqual(await broker.stats(), stats({}));
    await broker.publish(numbered(10));
    deepEqual(await broker.stats(), stats({ ready: 10 }));
    const [a, b, c, d] = await broker.reserve(4, BIG_BYTES);
    deepEqual(await broker.stats(), stats({ ready: 6, leased: 4 }));
    await broker.settle([
      { kind: 'ack', claim: a! },
      { kind: 'retry', claim: b!, delayMs: 3_600_000, attempts: 1 },
      { kind: 'dead', claim: c!, letter: letterOf(c!) },
      { kind: 'release', claim: d! },
    ]);
    deepEqual(await broker.stats(), stats({ ready: 7, delayed: 1, dead: 1 }));
  });
}

function settling(it: It): void {
  it('what is acknowledged is gone', async (open) => {
    const broker = await open();
    await broker.publish(numbered(500));
    const claims = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(await broker.settle(acks(claims)), { late: 0 });
    deepEqual(await broker.stats(), stats({}));
    deepEqual(await broker.settle([]), { late: 0 });
  });

  it('a settlement is applied once, however often it is sent', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'b', 'c', 'd'));
    const [a, b, c, d] = await broker.reserve(MANY, BIG_BYTES);
    const settlements: Settlement[] = [
      { kind: 'ack', claim: a! },
      { kind: 'retry', claim: b!, delayMs: 3_600_000, attempts: 1 },
      { kind: 'dead', claim: c!, letter: letterOf(c!) },
      { kind: 'release', claim: d! },
    ];
    deepEqual(await broker.settle(settlements), { late: 0 });
    const after = await broker.stats();
    deepEqual(after, stats({ ready: 1, delayed: 1, dead: 1 }));
    deepEqual(await broker.settle(settlements), { late: 4 });
    deepEqual(await broker.stats(), after);
  });

  it('a settlement of an earlier claim does not touch a later claim of the same delivery', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a'));
    const [first] = await broker.reserve(1, BIG_BYTES);
    await broker.settle([{ kind: 'release', claim: first! }]);
    const [second] = await broker.reserve(1, BIG_BYTES);
    deepEqual(await broker.settle(acks([first!])), { late: 1 });
    deepEqual(await broker.stats(), stats({ leased: 1 }));
    deepEqual(await broker.settle(acks([second!])), { late: 0 });
  });

  it('what is released is ready again ahead of what waits, in its order, as it was', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'b', 'c', 'd'));
    const claims = await broker.reserve(3, BIG_BYTES);
    await settleAll(broker, claims, (claim) => ({ kind: 'release', claim }));
    const again = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(texts(again), ['a', 'b', 'c', 'd']);
    deepEqual(ids(again.slice(0, 3)), ids(claims));
    deepEqual(
      again.map(({ attempts }) => attempts),
      [0, 0, 0, 0],
    );
  });

  it('a release keeps the attempts made before', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a'));
    const [first] = await broker.reserve(1, BIG_BYTES);
    await broker.settle([{ kind: 'retry', claim: first!, delayMs: 0, attempts: 4 }]);
    const [second] = await claimCount(broker, 1);
    await broker.settle([{ kind: 'release', claim: second! }]);
    const [third] = await broker.reserve(1, BIG_BYTES);
    deepEqual([third!.attempts, third!.mintedId], [4, first!.mintedId]);
  });
}

function retrying(it: It): void {
  it('a retry is claimed when its delay is over and not before, with its attempts and its id', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a'));
    const [first] = await broker.reserve(1, BIG_BYTES);
    const from = performance.now();
    await broker.settle([{ kind: 'retry', claim: first!, delayMs: 300, attempts: 2 }]);
    const [again] = await claimCount(broker, 1);
    // One millisecond for the rounding of two clocks.
    ok(performance.now() - from >= 299, `after ${performance.now() - from} ms`);
    deepEqual([again!.attempts, again!.mintedId, String(again!.envelope)], [2, first!.mintedId, 'a']);
  });

  it('retries are claimed in the order in which they fall due', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('later', 'sooner'));
    const [later, sooner] = await broker.reserve(2, BIG_BYTES);
    await broker.settle([
      { kind: 'retry', claim: later!, delayMs: 60, attempts: 1 },
      { kind: 'retry', claim: sooner!, delayMs: 30, attempts: 1 },
    ]);
    await sleep(61);
    deepEqual(texts(await claimCount(broker, 2)), ['sooner', 'later']);
  });

  it('due retries take half of a claim while ready ones wait', async (open) => {
    const broker = await open();
    await delayed(broker, 100);
    await broker.publish(envelopes(...Array<string>(100).fill('new')));
    await until(async () => (await broker.stats()).delayed === 100);
    const counts = { retry: 0, new: 0 };
    for (const { envelope } of await broker.reserve(20, BIG_BYTES))
      counts[String(envelope) as keyof typeof counts]++;
    deepEqual(counts, { retry: 10, new: 10 });
  });

  it('due retries fill a claim when few ready ones wait, and the other way round', async (open) => {
    const broker = await open();
    await delayed(broker, 30);
    await broker.publish(envelopes('new', 'new'));
    equal(
      (await broker.reserve(22, BIG_BYTES)).filter(({ envelope }) => String(envelope) === 'retry').length,
      20,
    );
    await broker.publish(envelopes(...Array<string>(50).fill('new')));
    equal(
      (await broker.reserve(40, BIG_BYTES)).filter(({ envelope }) => String(envelope) === 'new').length,
      30,
    );
  });

  it('a retry that is not due does not hold back what is ready', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a', 'b'));
    const [a] = await broker.reserve(1, BIG_BYTES);
    await broker.settle([{ kind: 'retry', claim: a!, delayMs: 3_600_000, attempts: 1 }]);
    deepEqual(texts(await broker.reserve(MANY, BIG_BYTES)), ['b']);
  });
}

function leasing(it: It): void {
  it('what a dead worker held is reclaimed after its lease, ahead of what waits, with the same ids and attempts', async (open) => {
    const [dead, live] = [await open(SHORT_LEASE_MS), await open()];
    await dead.publish(envelopes('once', 'fresh'));
    const [once] = await dead.reserve(1, BIG_BYTES);
    await dead.settle([{ kind: 'retry', claim: once!, delayMs: 0, attempts: 3 }]);
    const held = await claimCount(dead, 2);
    await live.publish(envelopes('waiting'));
    equal(await live.reclaim(), 0, 'not while the lease lasts');
    await reclaimAll(live, 2);
    const claims = await live.reserve(MANY, BIG_BYTES);
    equal(String(claims[2]!.envelope), 'waiting');
    const byText = (a: Claim, b: Claim) => Buffer.compare(a.envelope, b.envelope);
    const comparable = (some: Claim[]) => some.map((c) => [String(c.envelope), c.attempts, c.mintedId]);
    deepEqual(comparable(claims.slice(0, 2).sort(byText)), comparable([...held].sort(byText)));
    deepEqual(
      claims
        .slice(0, 2)
        .sort(byText)
        .map(({ attempts }) => attempts),
      [0, 3],
    );
    deepEqual(await live.stats(), stats({ leased: 3 }));
  });

  it('a worker that died after another keeps only what is its own', async (open) => {
    const [dead, live] = [await open(SHORT_LEASE_MS), await open()];
    await dead.publish(numbered(10));
    const mine = await live.reserve(5, BIG_BYTES);
    await dead.reserve(5, BIG_BYTES);
    await reclaimAll(live, 5);
    equal(await live.reclaim(), 0);
    deepEqual(await live.settle(acks(mine)), { late: 0 });
    deepEqual(await live.stats(), stats({ ready: 5 }));
  });

  it('a settlement that comes after the reclaim changes nothing and is counted', async (open) => {
    const [zombie, live] = [await open(SHORT_LEASE_MS), await open()];
    await zombie.publish(envelopes('a', 'b', 'c', 'd'));
    const [a, b, c, d] = await zombie.reserve(4, BIG_BYTES);
    await reclaimAll(live, 4);
    const settlements: Settlement[] = [
      { kind: 'ack', claim: a! },
      { kind: 'retry', claim: b!, delayMs: 0, attempts: 9 },
      { kind: 'dead', claim: c!, letter: letterOf(c!) },
      { kind: 'release', claim: d! },
    ];
    deepEqual(await zombie.settle(settlements), { late: 4 });
    deepEqual(await live.stats(), stats({ ready: 4 }));
    const claims = await live.reserve(MANY, BIG_BYTES);
    deepEqual(texts(claims), ['a', 'b', 'c', 'd']);
    deepEqual(await zombie.settle(settlements), { late: 4 }, 'also when somebody else holds them');
    deepEqual(await live.settle(acks(claims)), { late: 0 });
    deepEqual(await live.stats(), stats({}));
  });

  it('a lease that is extended does not lapse', async (open) => {
    const [worker, other] = [await open(SHORT_LEASE_MS), await open()];
    await worker.publish(numbered(3));
    const claims = await worker.reserve(MANY, BIG_BYTES);
    const endMs = performance.now() + 3 * SHORT_LEASE_MS;
    while (performance.now() < endMs) {
      equal(await worker.extend(), true);
      equal(await other.reclaim(), 0);
      await sleep(SHORT_LEASE_MS / 20);
    }
    deepEqual(await worker.settle(acks(claims)), { late: 0 });
  });

  it('extending a lease that has lapsed says so, and later claims are under a new one', async (open) => {
    const [worker, other] = [await open(SHORT_LEASE_MS), await open()];
    await worker.publish(numbered(4));
    const lost = await worker.reserve(2, BIG_BYTES);
    await reclaimAll(other, 2);
    equal(await worker.extend(), false);
    const [later] = await worker.reserve(1, BIG_BYTES);
    equal(await worker.extend(), true);
    equal(await other.reclaim(), 0);
    deepEqual(await worker.settle(acks([later!, ...lost])), { late: 2 });
    deepEqual(await worker.stats(), stats({ ready: 3 }));
  });

  it('a claim under a lease that has lapsed unnoticed is under a new one', async (open) => {
    const [worker, other] = [await open(SHORT_LEASE_MS), await open()];
    await worker.publish(numbered(2));
    await worker.reserve(1, BIG_BYTES);
    await reclaimAll(other, 1);
    const claims = await worker.reserve(1, BIG_BYTES);
    equal(await other.reclaim(), 0);
    deepEqual(await worker.settle(acks(claims)), { late: 0 });
  });

  it('extending before the first claim is no lapse', async (open) => {
    equal(await (await open()).extend(), true);
  });

  it('what a closed worker held is reclaimed', async (open) => {
    const [leaver, other] = [await open(SHORT_LEASE_MS), await open()];
    await leaver.publish(numbered(3));
    await leaver.reserve(MANY, BIG_BYTES);
    await leaver.close();
    await reclaimAll(other, 3);
    deepEqual(texts(await other.reserve(MANY, BIG_BYTES)), numbered(3).map(String));
  });
}

function waiting(it: It): void {
  it('waiting ends at once when there is work', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a'));
    ok((await timed(broker.waitForWork(PATIENCE_MS, NEVER))) < PATIENCE_MS / 2);
  });

  it('waiting ends when another connection publishes, within milliseconds', async (open) => {
    const [worker, publisher] = [await open(), await open()];
    const waitsMs: number[] = [];
    for (let round = 0; round < 20; round++) {
      const waiting = worker.waitForWork(PATIENCE_MS, NEVER);
      await worker.stats();
      const from = performance.now();
      await Promise.all([publisher.publish(envelopes('a')), waiting]);
      waitsMs.push(performance.now() - from);
      await worker.settle(acks(await worker.reserve(MANY, BIG_BYTES)));
    }
    const median = waitsMs.sort((a, b) => a - b)[10]!;
    ok(median < 30, `${median} ms`);
  });

  it('waiting ends when the same connection publishes', async (open) => {
    const broker = await open();
    const waited = timed(broker.waitForWork(PATIENCE_MS, NEVER));
    await broker.publish(envelopes('a'));
    ok((await waited) < PATIENCE_MS / 2);
  });

  it('waiting ends when a retry falls due', async (open) => {
    const broker = await open();
    await delayed(broker, 1, 200);
    const from = performance.now();
    const claims = await claimCount(broker, 1);
    equal(claims[0]!.attempts, 1);
    ok(performance.now() - from < PATIENCE_MS / 2);
  });

  it('waiting ends when the time is up', async (open) => {
    const broker = await open();
    const waitedMs = await timed(broker.waitForWork(100, NEVER));
    ok(waitedMs < PATIENCE_MS / 2, `${waitedMs} ms`);
  });

  it('waiting ends when it is aborted, and leaves no listener behind', async (open) => {
    const broker = await open();
    const controller = new AbortController();
    const waited = timed(broker.waitForWork(PATIENCE_MS, controller.signal));
    await broker.stats();
    controller.abort();
    ok((await waited) < PATIENCE_MS / 2);
    ok((await timed(broker.waitForWork(PATIENCE_MS, controller.signal))) < PATIENCE_MS / 2, 'aborted before');
  });

  it('several may wait at once, and one that is aborted does not end the others', async (open) => {
    const [worker, publisher] = [await open(), await open()];
    const controller = new AbortController();
    const aborted = worker.waitForWork(PATIENCE_MS, controller.signal);
    const waiting = claimCount(worker, 1);
    controller.abort();
    await aborted;
    await publisher.publish(envelopes('a'));
    deepEqual(texts(await waiting), ['a']);
  });
}

function deadLetters(it: It): void {
  it('a dead letter is kept with its envelope and all that is known of it', async (open) => {
    const broker = await open();
    const bytes = randomBytes(3_000);
    await broker.publish([bytes]);
    const [claim] = await broker.reserve(1, BIG_BYTES);
    const letter: DeadLetter = {
      ...letterOf(claim!),
      detail: 'status 500 — “no”',
      response: { status: 500, body: 'no\u0000\u2028', retryAfter: null },
    };
    deepEqual(await broker.settle([{ kind: 'dead', claim: claim!, letter }]), { late: 0 });
    const [stored, ...others] = await broker.listDead({}, 10);
    deepEqual(others, []);
    ok(stored!.envelope.equals(bytes));
    const { envelope: _, key, ...kept } = stored!;
    deepEqual(kept, letter);
    equal(key, letter.id);
  });

  it('dead letters are listed oldest first, at most as many as asked', async (open) => {
    const broker = await open();
    await bury(broker, [
      { id: 'third', diedAtMs: 3_000 },
      { id: 'first', diedAtMs: 1_000 },
      { id: 'second', diedAtMs: 2_000 },
    ]);
    deepEqual(await deadKeys(broker, {}, 10), ['first', 'second', 'third']);
    deepEqual(await deadKeys(broker, {}, 2), ['first', 'second']);
    deepEqual(await deadKeys(broker, { ids: ['third', 'first', 'missing'] }, 10), ['first', 'third']);
    deepEqual(await deadKeys(broker, { ids: ['third', 'first'] }, 1), ['first']);
    deepEqual(await deadKeys(broker, { ids: ['first', 'first'] }, 10), ['first']);
    deepEqual(await deadKeys(broker, { ids: [] }, 10), []);
  });

  it('every filter narrows, and all given must match', async (open) => {
    const broker = await open();
    await bury(broker, [
      { id: 'a', diedAtMs: 1_000, destination: 'x', reason: 'exhausted' },
      { id: 'b', diedAtMs: 2_000, destination: 'y', reason: 'exhausted' },
      { id: 'c', diedAtMs: 3_000, destination: 'x', reason: 'poison' },
      { id: 'd', diedAtMs: 4_000, destination: null, url: null, type: null, reason: 'not-json' },
    ]);
    deepEqual(await deadKeys(broker, { destination: 'x' }), ['a', 'c']);
    deepEqual(await deadKeys(broker, { reason: 'exhausted' }), ['a', 'b']);
    deepEqual(await deadKeys(broker, { sinceMs: 2_000 }), ['b', 'c', 'd'], 'at or after');
    deepEqual(await deadKeys(broker, { untilMs: 3_000 }), ['a', 'b'], 'before');
    deepEqual(await deadKeys(broker, { sinceMs: 2_000, untilMs: 4_000 }), ['b', 'c']);
    deepEqual(await deadKeys(broker, { destination: 'x', reason: 'poison' }), ['c']);
    deepEqual(await deadKeys(broker, { ids: ['a', 'b', 'c'], destination: 'x', untilMs: 2_000 }), ['a']);
    deepEqual(await deadKeys(broker, { destination: 'nowhere' }), []);
  });

  it('a second dead letter of the same id gets a key of its own, and each is acted on alone', async (open) => {
    const broker = await open();
    await bury(broker, [
      { id: 'same', diedAtMs: 1_000 },
      { id: 'same', diedAtMs: 2_000 },
    ]);
    const [first, second] = await broker.listDead({}, 10);
    equal(first!.key, 'same');
    assert.match(second!.key, /^same#[0-9A-Z]+$/);
    equal(second!.id, 'same');
    equal(await broker.discardDead({ ids: [second!.key] }, 10), 1);
    deepEqual(await deadKeys(broker, {}), ['same']);
  });

  it('a replayed dead letter is ready with no attempts made, the same id and the same bytes', async (open) => {
    const broker = await open();
    await broker.publish(envelopes('a'));
    const [claim] = await broker.reserve(1, BIG_BYTES);
    await broker.settle([
      { kind: 'dead', claim: claim!, letter: { ...letterOf(claim!), id: claim!.mintedId } },
    ]);
    equal(await broker.replayDead({}, 10), 1);
    deepEqual(await broker.stats(), stats({ ready: 1 }));
    const [again] = await broker.reserve(1, BIG_BYTES);
    deepEqual([again!.attempts, again!.mintedId, String(again!.envelope)], [0, claim!.mintedId, 'a']);
    deepEqual(await broker.settle(acks([again!])), { late: 0 });
  });

  it('replay and discard take what matches, oldest first, at most as many as asked', async (open) => {
    const broker = await open();
    const letters = Array.from({ length: 1_200 }, (_, i) => ({
      id: `id-${i}`,
      diedAtMs: 1_000 + i,
      destination: i % 2 === 0 ? 'even' : 'odd',
    }));
    await bury(broker, letters);
    equal(await broker.discardDead({ destination: 'odd' }, 2), 2);
    deepEqual((await deadKeys(broker, { destination: 'odd' })).slice(0, 2), ['id-5', 'id-7']);
    equal(await broker.replayDead({ destination: 'even' }, 3), 3);
    deepEqual((await deadKeys(broker, {})).slice(0, 3), ['id-5', 'id-6', 'id-7']);
    deepEqual(await broker.stats(), stats({ ready: 3, dead: 1_195 }));
    equal(await broker.replayDead({ ids: ['id-7', 'missing'] }, 10), 1);
    equal(await broker.discardDead({ untilMs: 1_000 }, 10), 0);
    equal(await broker.discardDead({ sinceMs: 1_600 }, MANY), 600);
    equal(await broker.replayDead({}, 10_000), 594);
    deepEqual(await broker.stats(), stats({ ready: 598 }));
    equal(await broker.discardDead({}, 10), 0);
  });
}

function closing(it: It, makeBroker: MakeBroker): void {
  it('closing twice is closing once, and every method afterwards is refused', async (open) => {
    const broker = await open();
    await Promise.all([broker.close(), broker.close()]);
    await broker.close();
    const refused = { name: 'VolleyError', code: 'VOLLEY_CLOSED' };
    await rejects(() => broker.publish(envelopes('a')), refused);
    await rejects(() => broker.reserve(1, 1), refused);
    await rejects(() => broker.waitForWork(1, NEVER), refused);
    await rejects(() => broker.settle([]), refused);
    await rejects(() => broker.extend(), refused);
    await rejects(() => broker.reclaim(), refused);
    await rejects(() => broker.stats(), refused);
    await rejects(() => broker.listDead({}, 1), refused);
    await rejects(() => broker.replayDead({}, 1), refused);
    await rejects(() => broker.discardDead({}, 1), refused);
    await rejects(() => broker.disableDestination('x', 'gone', 1), refused);
    await rejects(() => broker.enableDestination('x'), refused);
    await rejects(() => broker.reserveParked('x', 1, 1), refused);
    await rejects(() => broker.discardParked('x'), refused);
    await rejects(() => broker.block('x', { kind: 'open', forMs: 1, opened: 1 }), refused);
    await rejects(() => broker.unblock('x'), refused);
    await rejects(() => broker.askProbe('x', 1), refused);
    await rejects(() => broker.takeTokens([]), refused);
    await rejects(() => broker.standings(null), refused);
  });

  it('a broker that was never opened can be closed', async () => {
    const options = { queue: 'unopened', leaseMs: LONG_LEASE_MS, mintToken, commandTimeoutMs: PATIENCE_MS };
    await makeBroker(options).close();
  });

  it('closing ends a wait, which settles one way or the other', async (open) => {
    const broker = await open();
    const waiting = Promise.allSettled([broker.waitForWork(10 * PATIENCE_MS, NEVER)]);
    await broker.stats();
    await broker.close();
    await waiting;
  });

  it('what was published before closing is there for the next', async (open) => {
    const first = await open();
    await first.publish(numbered(10));
    await first.close();
    equal((await (await open()).stats()).ready, 10);
  });
}

/** `count` envelopes `retry` whose retry is due after `delayMs`; waits until they are when that is 0. */
async function delayed(broker: Broker, count: number, delayMs = 0): Promise<void> {
  await broker.publish(envelopes(...Array<string>(count).fill('retry')));
  const claims = await claimCount(broker, count);
  await settleAll(broker, claims, (claim) => ({ kind: 'retry', claim, delayMs, attempts: 1 }));
}

/** Makes dead letters of these, in this order. */
async function bury(broker: Broker, letters: readonly Partial<DeadLetter>[]): Promise<void> {
  await broker.publish(letters.map(({ id }) => Buffer.from(`envelope of ${id}`)));
  const claims = await claimCount(broker, letters.length);
  const settlements = claims.map(
    (claim, i): Settlement => ({ kind: 'dead', claim, letter: { ...letterOf(claim), ...letters[i] } }),
  );
  deepEqual(await broker.settle(settlements), { late: 0 });
}

async function deadKeys(
  broker: Broker,
  filter: Parameters<Broker['listDead']>[0],
  limit = 10_000,
): Promise<string[]> {
  return (await broker.listDead(filter, limit)).map(({ key }) => key);
}
