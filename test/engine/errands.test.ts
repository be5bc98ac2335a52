import { deepEqual, equal, ok } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Claim, ProbeAnswer, TokenGrant, TokenWish } from '../../src/broker/broker.ts';
import { type Desk, Errands } from '../../src/errands.ts';

const CLAIM: Claim = { token: 't', mintedId: 'evt_1', attempts: 0, envelope: Buffer.from('{}') };
const WISH: TokenWish = { destination: 'limited', count: 3, perSecond: 10, burst: 5 };
/** Longest wait after a fault, jitter included. */
const FAULT_MAX_MS = 4_000;
const CREDIT_MS = 50;
const PACE_MS = 10;

/** A dispatcher that has the errands a test gives it, each once, and a broker whose next calls may fail. */
function newErrands(t: TestContext, { credit = 100 } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const todo = { probes: [] as string[], wishes: [] as TokenWish[], drains: [] as string[] };
  const answers: unknown[] = [];
  const fetched: [destination: string, count: number][] = [];
  const state = {
    faults: [] as Error[],
    changeMs: null as number | null,
    nowMs: 1_000,
    answered: 0,
    credit,
    allowed: Number.POSITIVE_INFINITY,
  };
  const desk: Desk = {
    probesDue: () => todo.probes.splice(0),
    probeAnswered: (destination, answer, untilMs) => answers.push([destination, answer, untilMs]),
    wishes: () => todo.wishes.splice(0),
    granted: (destination, grant) => answers.push([destination, grant]),
    drains: (most, mostOfEach) =>
      todo.drains
        .splice(0, most)
        .map((destination) => ({ destination, count: Math.min(4, mostOfEach), bytes: 100 })),
    drained: (destination, fetched) => answers.push([destination, fetched]),
    nextChangeMs: () => state.changeMs,
  };
  const answer = async <Answer>(value: Answer) => {
    const fault = state.faults.shift();
    if (fault !== undefined) throw fault;
    return value;
  };
  const claimed: Claim[] = [];
  const keptAwayMs: number[] = [];
  const met: unknown[] = [];
  const errands = new Errands({
    broker: {
      askProbe: (_, forMs) => {
        keptAwayMs.push(forMs);
        return answer<ProbeAnswer>({ kind: 'granted' });
      },
      takeTokens: (wishes) => answer<TokenGrant[]>(wishes.map(({ count }) => ({ count, waitMs: 0 }))),
      reserveParked: (_, count) => answer([CLAIM, CLAIM].slice(0, count)),
    },
    desk,
    credit: () => ({ count: state.credit, bytes: 1_000 }),
    pace: {
      allowed: () => state.allowed,
      fetched: (destination, count) => {
        state.allowed -= count;
        fetched.push([destination, count]);
      },
      missed: (count) => {
        state.allowed += count;
      },
    },
    attemptMs: 10_000,
    onClaimed: (claims) => claimed.push(...claims),
    onAnswered: () => state.answered++,
    onFault: (error) => met.push(error),
    nowMs: () => state.nowMs,
    random: () => 0.5,
  });
  return { errands, desk, todo, answers, state, claimed, fetched, met, keptAwayMs };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('probes, tokens and parked deliveries are asked for, and what is answered is passed on', async (t) => {
  const { errands, todo, answers, state, claimed } = newErrands(t);
  todo.probes.push('open');
  todo.wishes.push(WISH);
  todo.drains.push('parked');
  errands.run();
  await settled();
  deepEqual(answers, [
    ['open', { kind: 'granted' }, 5_000],
    ['limited', { count: 3, waitMs: 0 }],
    ['parked', 2],
  ]);
  deepEqual(claimed, [CLAIM, CLAIM]);
  equal(state.answered, 3);
  errands.run();
  await settled();
  equal(answers.length, 3, 'nothing is asked twice');
  await errands.stop();
});

test('what is parked is not fetched where nothing may be claimed, and is once something may, though nobody says so', async (t) => {
  const { errands, todo, answers, state } = newErrands(t, { credit: 0 });
  todo.drains.push('parked');
  errands.run();
  await settled();
  deepEqual([answers, todo.drains], [[], ['parked']]);
  state.credit = 1;
  t.mock.timers.tick(CREDIT_MS);
  await settled();
  deepEqual(answers, [['parked', 2]]);
  await errands.stop();
});

test('what is parked is fetched at its pace, and goes on by itself when there is more of that', async (t) => {
  const { errands, todo, fetched, state } = newErrands(t);
  state.allowed = 6;
  todo.drains.push('a', 'b', 'c');
  errands.run();
  await settled();
  deepEqual(fetched, [
    ['a', 4],
    ['b', 2],
  ]);
  state.allowed = 10;
  t.mock.timers.tick(PACE_MS);
  await settled();
  deepEqual(fetched.slice(2), [['c', 4]]);
  await errands.stop();
});

test('what is being fetched counts as held: together the fetches exceed the credit by less than one of them', async (t) => {
  const { errands, todo, answers } = newErrands(t, { credit: 9 });
  for (let n = 0; n < 10; n++) todo.drains.push(`${n}`);
  errands.run();
  errands.run();
  equal(todo.drains.length, 7, 'three of four deliveries are under way');
  await settled();
  equal(answers.length, 3);
  errands.run();
  equal(todo.drains.length, 4);
  await errands.stop();
});

test('what the broker does not answer is asked again, and each fault reported', async (t) => {
  const { errands, todo, answers, state, met, keptAwayMs } = newErrands(t);
  state.faults.push(new Error('away'), new Error('still away'));
  todo.probes.push('open');
  errands.run();
  await settled();
  for (let i = 0; i < 2; i++) {
    state.nowMs += FAULT_MAX_MS;
    t.mock.timers.tick(FAULT_MAX_MS);
    await settled();
  }
  equal(met.length, 2);
  deepEqual(keptAwayMs, [15_000, 15_000, 15_000]);
  deepEqual(
    answers,
    [['open', { kind: 'granted' }, 9_000 + 4_000]],
    'leave counts from the call that was answered',
  );
  await errands.stop();
});

test('a stop ends what waits to be asked again, and waits for what is under way', async (t) => {
  const { errands, todo, answers, state, claimed } = newErrands(t);
  state.faults.push(new Error('away'));
  todo.probes.push('open');
  errands.run();
  await settled();
  todo.drains.push('parked');
  errands.run();
  await errands.stop();
  deepEqual(answers, [['parked', 2]], 'what was claimed is known');
  equal(claimed.length, 2);
  todo.drains.push('later');
  errands.run();
  await settled();
  deepEqual(todo.drains, ['later'], 'nothing is asked after it');
});

test('it wakes when a block is over', async (t) => {
  const { errands, state } = newErrands(t);
  state.changeMs = 3_000;
  errands.run();
  t.mock.timers.tick(1_999);
  equal(state.answered, 0);
  t.mock.timers.tick(1);
  equal(state.answered, 1);
  state.changeMs = 9_000;
  errands.run();
  state.changeMs = 2_000;
  errands.run();
  t.mock.timers.tick(1_000);
  equal(state.answered, 2, 'an earlier end replaces a later one');
  ok(state.changeMs === 2_000);
  await errands.stop();
});

test('a block that ends while other wishes are asked for is not slept through', async (t) => {
  const { errands, desk, todo, answers, state } = newErrands(t);
  state.changeMs = 1_000;
  desk.wishes = () => {
    state.changeMs = null;
    todo.probes.push('open');
    return [];
  };
  errands.run();
  desk.wishes = () => [];
  t.mock.timers.tick(1);
  equal(state.answered, 1);
  errands.run();
  await settled();
  deepEqual(answers, [['open', { kind: 'granted' }, 5_000]]);
  await errands.stop();
});
