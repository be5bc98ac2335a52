import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { Lane } from '../../src/dispatch/lane.ts';
import { costOf, Round } from '../../src/dispatch/round.ts';
import { USUAL } from './dispatching.ts';

interface Item {
  readonly bytes: number;
}

const AROUND = { places: 100, preferredBy: () => 0, random: () => 0.5, meter: null };

function laneOf(name: string, slotMs: number, bytes: number, count: number): Lane<Item> {
  const lane = new Lane<Item>(name, USUAL, AROUND);
  lane.slotMs = slotMs;
  for (let n = 0; n < count; n++) lane.push({ bytes });
  return lane;
}

/** Turns that are taken, as long as lanes want any, until so many deliveries have been sent. */
function turns(round: Round<Item>, most: number, sent: (lane: Lane<Item>) => void): number {
  round.begin();
  let count = 0;
  for (let left = most; left > 0; count++) {
    const lane = round.next();
    if (lane === null) break;
    let served = 0;
    for (let next = lane.peek(); next !== undefined && left > 0; next = lane.peek()) {
      if (costOf(next, lane) > lane.deficit) break;
      lane.deficit -= costOf(next, lane);
      lane.shift();
      sent(lane);
      served++;
      left--;
    }
    round.end(lane, served, false);
    if (lane.waiting > 0) round.enter(lane);
  }
  return count;
}

test('the time for which slots are held is shared: one that answers after 2 s has one sent for some 1 000 of one that is quick', () => {
  const round = new Round<Item>();
  round.enter(laneOf('quick', 5, 1_000, 10_000));
  round.enter(laneOf('slow', 2_000, 1_000, 10_000));
  const sent = new Map<string, number>();
  turns(round, 5_000, ({ destination }) => sent.set(destination, (sent.get(destination) ?? 0) + 1));
  const ratio = sent.get('quick')! / sent.get('slow')!;
  ok(ratio > 500 && ratio < 1_300, `${ratio}`);
});

test('where all that wait are costly, what each sends takes a turn or two and not one for each quantum', () => {
  const round = new Round<Item>();
  for (let n = 0; n < 100; n++) round.enter(laneOf(`${n}`, 10_000, 2_000_000, 3));
  let sent = 0;
  const taken = turns(round, 1_000, () => sent++);
  equal(sent, 300);
  ok(taken <= 700, `${taken} turns`);
});

test('those that enter while others save up are not behind them, nor ahead', () => {
  const round = new Round<Item>();
  const early = laneOf('early', 10_000, 1_000, 100);
  round.enter(early);
  turns(round, 10, () => {});
  const late = laneOf('late', 10_000, 1_000, 100);
  round.enter(late);
  const before = early.waiting;
  turns(round, 100, () => {});
  ok(Math.abs(before - early.waiting - (100 - late.waiting)) <= 1);
});
