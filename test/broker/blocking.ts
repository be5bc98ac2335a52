/** The part of the conformance suite about blocks, probes, and how workers hear of what has changed. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Block, Broker, Standings } from '../../src/broker/broker.ts';
import { BIG_BYTES, envelopes, type It, until } from './broker-testing.ts';
import { park, parks, standing } from './parking.ts';

const HOUR_MS = 3_600_000;

export function blocking(it: It): void {
  blocks(it);
  probes(it);
  changes(it);
}

function blocks(it: It): void {
  it('a destination that one worker blocks is blocked for all, until one lifts it', async (open) => {
    const [one, other] = [await open(), await open()];
    await one.block('x', { kind: 'open', forMs: HOUR_MS, opened: 3 });
    const { kind, forMs, opened } = (await blockOf(other, 'x'))!;
    deepEqual({ kind, opened }, { kind: 'open', opened: 3 });
    ok(forMs > HOUR_MS / 2 && forMs <= HOUR_MS, `${forMs}`);
    equal(await blockOf(other, 'y'), null);
    await other.unblock('x');
    deepEqual((await one.standings(null)).standings, []);
    await other.unblock('x');
  });

  it('where two block, the later end and its kind stay, and the greater number of openings', async (open) => {
    const broker = await open();
    const cases: { first: Block; second: Block; kind: Block['kind']; isLong: boolean; opened: number }[] = [
      {
        first: { kind: 'open', forMs: HOUR_MS, opened: 2 },
        second: { kind: 'paused', forMs: 1_000, opened: 0 },
        ...{ kind: 'open', isLong: true, opened: 2 },
      },
      {
        first: { kind: 'open', forMs: 1_000, opened: 2 },
        second: { kind: 'paused', forMs: HOUR_MS, opened: 0 },
        ...{ kind: 'paused', isLong: true, opened: 2 },
      },
      {
        first: { kind: 'paused', forMs: HOUR_MS, opened: 0 },
        second: { kind: 'open', forMs: 1_000, opened: 1 },
        ...{ kind: 'paused', isLong: true, opened: 1 },
      },
      {
        first: { kind: 'open', forMs: 0, opened: 4 },
        second: { kind: 'open', forMs: 1_000, opened: 1 },
        ...{ kind: 'open', isLong: false, opened: 4 },
      },
    ];
    for (const [i, { first, second, kind, isLong, opened }] of cases.entries()) {
      await broker.block(`x${i}`, first);
      await broker.block(`x${i}`, second);
      const block = (await blockOf(broker, `x${i}`))!;
      deepEqual(
        { kind: block.kind, isLong: block.forMs > HOUR_MS / 2, opened: block.opened },
        { kind, isLong, opened },
        `case ${i}`,
      );
    }
  });

  it('a block that is over stays until it is lifted', async (open) => {
    const broker = await open();
    await broker.block('x', { kind: 'paused', forMs: 20, opened: 0 });
    await until(async () => (await blockOf(broker, 'x'))?.forMs === 0);
    deepEqual((await broker.standings(null)).standings, [
      standing('x', { block: { kind: 'paused', forMs: 0, opened: 0 } }),
    ]);
    await broker.unblock('x');
    deepEqual((await broker.standings(null)).standings, []);
  });

  it('enabling a destination lifts its block too', async (open) => {
    const broker = await open();
    await broker.disableDestination('x', 'command', 1);
    for (const name of ['x', 'y']) await broker.block(name, { kind: 'open', forMs: HOUR_MS, opened: 1 });
    equal(await broker.enableDestination('x'), 0);
    equal(await broker.enableDestination('y'), null, 'that was blocked and not disabled');
    deepEqual((await broker.standings(null)).standings, []);
  });

  it('a block keeps nobody from what is parked: that is the worker’s to keep', async (open) => {
    const broker = await open();
    await park(broker, 'x', envelopes('a'));
    await broker.block('x', { kind: 'open', forMs: HOUR_MS, opened: 1 });
    equal((await broker.reserveParked('x', 1, BIG_BYTES)).length, 1);
  });
}

function probes(it: It): void {
  it('a destination that is not blocked, or whose pause is over, needs no probe', async (open) => {
    const broker = await open();
    deepEqual(await broker.askProbe('x', 1_000), { kind: 'unblocked' });
    await broker.block('x', { kind: 'paused', forMs: 0, opened: 0 });
    deepEqual(await broker.askProbe('x', 1_000), { kind: 'unblocked' });
  });

  it('a probe is refused as long as the block lasts, of either kind', async (open) => {
    const broker = await open();
    for (const kind of ['open', 'paused'] as const) {
      await broker.block(kind, { kind, forMs: HOUR_MS, opened: 1 });
      const answer = await broker.askProbe(kind, 1_000);
      ok(answer.kind === 'refused' && answer.forMs > HOUR_MS / 2 && answer.forMs <= HOUR_MS, kind);
    }
  });

  it('of all who ask one may probe, and the next when its time has passed', async (open) => {
    const workers = [await open(), await open(), await open()];
    await workers[0]!.block('x', { kind: 'open', forMs: 0, opened: 2 });
    const ask = async (forMs: number) => {
      const asked = await Promise.all(workers.map((worker) => worker.askProbe('x', forMs)));
      for (const answer of asked)
        ok(answer.kind === 'granted' || (answer.kind === 'refused' && answer.forMs <= forMs));
      return asked.filter(({ kind }) => kind === 'granted').length;
    };
    const from = performance.now();
    equal(await ask(300), 1);
    await until(async () => (await ask(HOUR_MS)) === 1);
    // One millisecond for the rounding of two clocks.
    ok(performance.now() - from >= 299, `after ${performance.now() - from} ms`);
    equal(await ask(HOUR_MS), 0);
    equal((await blockOf(workers[0]!, 'x'))!.opened, 2);
  });

  it('a probe that fails blocks anew, one that succeeds lifts the block', async (open) => {
    const broker = await open();
    await broker.block('x', { kind: 'open', forMs: 0, opened: 1 });
    deepEqual(await broker.askProbe('x', 10), { kind: 'granted' });
    await broker.block('x', { kind: 'open', forMs: HOUR_MS, opened: 2 });
    equal((await broker.askProbe('x', 10)).kind, 'refused');
    await broker.unblock('x');
    deepEqual(await broker.askProbe('x', 10), { kind: 'unblocked' });
  });

  it('a block that comes of a probe lasts as long as it says, and not as long as the probe might have taken', async (open) => {
    const broker = await open();
    for (const kind of ['open', 'paused'] as const) {
      await broker.block(kind, { kind: 'open', forMs: 0, opened: 1 });
      deepEqual(await broker.askProbe(kind, HOUR_MS), { kind: 'granted' });
      await broker.block(kind, { kind, forMs: 20, opened: 2 });
      const block = (await blockOf(broker, kind))!;
      deepEqual({ ...block, forMs: block.forMs <= 20 }, { kind, forMs: true, opened: 2 });
    }
    // So the next probe is not long in coming.
    await until(async () => (await broker.askProbe('open', HOUR_MS)).kind === 'granted');
    equal((await broker.askProbe('open', HOUR_MS)).kind, 'refused');
  });
}

function changes(it: It): void {
  it('a worker is told what has changed since, also that there is nothing any more', async (open) => {
    const [worker, other] = [await open(), await open()];
    await other.block('before', { kind: 'open', forMs: HOUR_MS, opened: 1 });
    const all = await worker.standings(null);
    equal(all.isComplete, true);
    deepEqual(names(all), ['before']);
    let last = all.version;
    const told = async () => {
      const changed = await worker.standings(last);
      ok(changed.version >= last);
      last = changed.version;
      equal(changed.isComplete, false);
      return changed.standings;
    };
    deepEqual(await told(), []);
    await other.disableDestination('d', 'gone', 5);
    await other.block('b', { kind: 'paused', forMs: 0, opened: 0 });
    deepEqual(await told(), [
      standing('b', { block: { kind: 'paused', forMs: 0, opened: 0 } }),
      standing('d', { disabled: { by: 'gone', sinceMs: 5 } }),
    ]);
    await other.enableDestination('d');
    await other.unblock('b');
    deepEqual(await told(), [standing('b', {}), standing('d', {})]);
    await park(other, 'p', envelopes('1', '2'));
    deepEqual(await told(), [standing('p', { parked: 2 })]);
    deepEqual(await told(), []);
  });

  it('of what is parked the first is a change, more and fewer are not', async (open) => {
    const worker = await open();
    const isChanged = async () => (await worker.standings(version)).standings.length > 0;
    await park(worker, 'p', envelopes('1'));
    const { version } = await worker.standings(null);
    await park(worker, 'p', envelopes('2', '3'));
    const claims = await worker.reserveParked('p', 2, BIG_BYTES);
    equal(await isChanged(), false);
    claims.push(...(await worker.reserveParked('p', 1, BIG_BYTES)));
    deepEqual((await worker.standings(null)).standings, []);
    await worker.settle(parks(claims, 'p'));
    equal(await isChanged(), true);
  });

  it('what changes nothing has no new version', async (open) => {
    const broker = await open();
    await broker.disableDestination('x', 'gone', 5);
    const { version } = await broker.standings(null);
    await broker.disableDestination('x', 'gone', 6);
    await broker.unblock('y');
    await broker.askProbe('y', 1_000);
    equal((await broker.standings(version)).version, version);
  });

  it('a claim brings the version along, whether it finds anything or not', async (open) => {
    const [worker, other] = [await open(), await open()];
    equal(worker.standingsVersion, 0);
    await worker.reserve(1, BIG_BYTES);
    const steps: (() => Promise<unknown>)[] = [
      () => other.block('x', { kind: 'open', forMs: HOUR_MS, opened: 1 }),
      () => other.unblock('x'),
      () => other.disableDestination('x', 'gone', 1),
      () => other.enableDestination('x'),
      () => park(other, 'x', envelopes('a')),
    ];
    for (const [i, step] of steps.entries()) {
      const { version } = await worker.standings(null);
      await worker.reserve(1, BIG_BYTES);
      equal(worker.standingsVersion, version, `before step ${i}`);
      await step();
      await worker.reserve(1, BIG_BYTES);
      ok(worker.standingsVersion > version, `after step ${i}`);
      deepEqual(names(await worker.standings(version)), ['x']);
    }
  });

  it('what is known of destinations survives every worker', async (open) => {
    const first = await open();
    await first.block('x', { kind: 'open', forMs: HOUR_MS, opened: 7 });
    const { version } = await first.standings(null);
    await first.close();
    const next = await open();
    equal((await blockOf(next, 'x'))!.opened, 7);
    equal((await next.standings(version)).version, version);
  });
}

async function blockOf(broker: Broker, destination: string): Promise<Block | null> {
  const { standings } = await broker.standings(null);
  return standings.find((each) => each.destination === destination)?.block ?? null;
}

function names({ standings }: Standings): string[] {
  return standings.map(({ destination }) => destination);
}
