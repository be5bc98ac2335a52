/** The part of the conformance suite about rate limits. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, TokenWish } from '../../src/broker/broker.ts';
import type { It } from './broker-testing.ts';

/** A limit under which nothing more comes as long as a test runs. */
const HOURLY = { perSecond: 1 / 3_600, burst: 10 };

/** How long workers ask for tokens, in milliseconds. */
const ASKING_MS = 1_200;
/** By how much the broker's clock, of whole milliseconds, may make an interval seem shorter to a worker. */
const CLOCK_MS = 2;

/** Tokens granted; the grant was made after the first and before the second time, in ms of the worker's clock. */
interface Granted {
  readonly count: number;
  readonly askedMs: number;
  readonly heardMs: number;
}

export function tokens(it: It): void {
  it('a rested destination is granted its burst at once, and then has to wait', async (open) => {
    const broker = await open();
    const wish = { destination: 'x', count: 4, ...HOURLY };
    deepEqual(await broker.takeTokens([wish]), [{ count: 4, waitMs: 0 }]);
    deepEqual(await broker.takeTokens([wish]), [{ count: 4, waitMs: 0 }]);
    const [grant] = await broker.takeTokens([wish]);
    equal(grant!.count, 2);
    ok(grant!.waitMs > 3_500_000 && grant!.waitMs <= 3_600_000, `${grant!.waitMs}`);
    equal((await broker.takeTokens([wish]))[0]!.count, 0);
  });

  it('many wishes are answered in their order, each destination by itself', async (open) => {
    const broker = await open();
    const wishes: TokenWish[] = [
      { destination: 'x', count: 3, ...HOURLY },
      { destination: 'y', count: 20, ...HOURLY },
      { destination: 'x', count: 9, ...HOURLY },
      { destination: '{}:', count: 1, ...HOURLY, burst: 1 },
    ];
    const grants = await broker.takeTokens(wishes);
    deepEqual(
      grants.map(({ count }) => count),
      [3, 10, 7, 1],
    );
    deepEqual(
      grants.map(({ waitMs }) => waitMs > 0),
      [false, true, true, false],
    );
    deepEqual(await broker.takeTokens([]), []);
  });

  it('all workers share a limit, and it outlives them', async (open) => {
    const [one, other] = [await open(), await open()];
    const take = async (broker: Broker, count: number) =>
      (await broker.takeTokens([{ destination: 'x', count, ...HOURLY }]))[0]!.count;
    equal(await take(one, 6), 6);
    await one.close();
    equal(await take(other, 6), 4);
    await other.close();
    equal(await take(await open(), 6), 0);
  });

  it('after the time to wait there is one more, and after a rest no more than a burst', async (open) => {
    const broker = await open();
    const wish = { destination: 'x', count: 10, perSecond: 20, burst: 2 };
    equal((await broker.takeTokens([wish]))[0]!.count, 2);
    const { waitMs } = (await broker.takeTokens([wish]))[0]!;
    ok(waitMs > 0 && waitMs <= 50, `${waitMs}`);
    await sleep(waitMs + CLOCK_MS);
    equal((await broker.takeTokens([{ ...wish, count: 1 }]))[0]!.count, 1);
    await sleep(300);
    equal((await broker.takeTokens([wish]))[0]!.count, 2);
  });

  it('how long a destination takes to rest is told, and nothing of one without a limit', async (open) => {
    const broker = await open();
    equal(await broker.rateDebtMs('x'), 0);
    await broker.takeTokens([{ destination: 'x', count: 10, ...HOURLY }]);
    const debtMs = await broker.rateDebtMs('x');
    ok(debtMs > 35_000_000 && debtMs <= 36_000_000, `${debtMs}`);
    equal(await broker.rateDebtMs('y'), 0);
  });

  it('a limit that is raised counts at once', async (open) => {
    const broker = await open();
    await broker.takeTokens([{ destination: 'x', count: 10, ...HOURLY }]);
    const raised = { destination: 'x', count: 1, perSecond: 100, burst: 10 };
    const { count, waitMs } = (await broker.takeTokens([raised]))[0]!;
    ok(count === 1 || waitMs <= 10, `${waitMs}`);
    await sleep(waitMs + CLOCK_MS);
    equal((await broker.takeTokens([raised]))[0]!.count, 1);
  });

  it('over any interval all workers together are granted no more than burst and rate allow', async (open) => {
    const workers = [await open(), await open()];
    const limits = [
      { destination: 'slow', perSecond: 7.3, burst: 1 },
      { destination: 'even', perSecond: 100, burst: 10 },
      { destination: 'fast', perSecond: 3_000, burst: 40 },
    ];
    await Promise.all(
      limits.map(async (limit) => {
        const granted = (await Promise.all(workers.map((worker) => askFor(worker, limit)))).flat();
        deepEqual(excess(granted, limit), null);
      }),
    );
  });
}

/** Asks for one to a few tokens again and again, resting as long as it is told to: never longer than one more takes. */
async function askFor(broker: Broker, limit: Omit<TokenWish, 'count'>): Promise<Granted[]> {
  const granted: Granted[] = [];
  const endMs = performance.now() + ASKING_MS;
  for (let asked = 0; performance.now() < endMs; asked++) {
    const askedMs = performance.now();
    const [grant] = await broker.takeTokens([{ ...limit, count: 1 + ((asked * 7) % 30) }]);
    if (grant!.count > 0) granted.push({ count: grant!.count, askedMs, heardMs: performance.now() });
    ok(grant!.waitMs <= 1_000 / limit.perSecond + 1, `${grant!.waitMs} ms for one`);
    if (grant!.waitMs > 0) await sleep(grant!.waitMs);
  }
  return granted;
}

/** The first interval in which more was granted than the limit allows; null where there is none. */
function excess(granted: readonly Granted[], { perSecond, burst }: Omit<TokenWish, 'count'>) {
  const byHearing = granted.toSorted((a, b) => a.heardMs - b.heardMs);
  for (const { askedMs } of granted) {
    let count = 0;
    for (const grant of byHearing) {
      if (grant.askedMs < askedMs) continue;
      count += grant.count;
      const ms = grant.heardMs - askedMs;
      if (count > burst + (perSecond * (ms + CLOCK_MS)) / 1_000) return { count, ms };
    }
  }
  return null;
}
