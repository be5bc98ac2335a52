import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { requestLinkBytes } from '../../src/capacity/traffic.ts';
import { DELIVERED } from '../../src/dispatch/ending.ts';
import { newDispatcher, type Sent } from './dispatching.ts';
import { seeded } from './modelled-receivers.ts';

const CAP = 1_000_000;
const BURST_MS = 25;
/** Many, so that windows and slots are never what holds anything back. */
const WINDOW = 1_000;
const BODIES = [200, 1_000, 16_000, 200_000];

function newCapped(bytesPerSecond: number | null = CAP) {
  const rules = { window: WINDOW, rate: null, breaker: null };
  return newDispatcher(2, WINDOW, () => rules, bytesPerSecond);
}

function linkBytes(sent: readonly Sent[]): number {
  return sent.reduce((sum, { bytes }) => sum + requestLinkBytes(bytes), 0);
}

test('in no span of time is more sent than the cap, the burst and one delivery', () => {
  const { add, assign, end, clock } = newCapped();
  const random = seeded(7);
  const sends: { atMs: number; bytes: number }[] = [];
  const largest = requestLinkBytes(Math.max(...BODIES));
  for (let step = 0; step < 2_000; step++) {
    clock.nowMs += random() * (step % 100 === 0 ? 500 : 10);
    add(`d${step % 7}`, Math.floor(random() * 4), BODIES[Math.floor(random() * BODIES.length)]);
    const sent = assign();
    sends.push({ atMs: clock.nowMs, bytes: linkBytes(sent) });
    for (const each of sent) end(each);
  }
  ok(
    sends.reduce((sum, { bytes }) => sum + bytes, 0) > 0.5 * CAP * (clock.nowMs / 1_000),
    'hardly anything went',
  );
  for (let from = 0; from < sends.length; from += 13) {
    let bytes = 0;
    for (const { atMs, bytes: more } of sends.slice(from)) {
      bytes += more;
      const allowed = (CAP * (atMs - sends[from]!.atMs + BURST_MS)) / 1_000 + largest;
      ok(bytes <= allowed + 1, `${bytes} bytes in ${atMs - sends[from]!.atMs} ms`);
    }
  }
});

test('it asks to be called when there is budget again, and sends all there is at the cap', () => {
  const { dispatcher, add, assign, end, clock } = newCapped();
  add('d', 1_000, 1_000);
  let sent = 0;
  let calls = 0;
  for (;;) {
    const now = assign();
    sent += now.length;
    for (const each of now) end(each);
    const nextMs = dispatcher.exchange.nextChangeMs();
    if (nextMs === null) break;
    ok(nextMs > clock.nowMs, 'it never asks for the past');
    clock.nowMs = nextMs;
    calls++;
  }
  equal(sent, 1_000);
  equal(dispatcher.waiting, 0);
  const leastMs = (1_000 * requestLinkBytes(1_000) * 1_000) / CAP;
  ok(clock.nowMs >= leastMs - BURST_MS - 5 && clock.nowMs <= leastMs, `${clock.nowMs} ms, not ${leastMs}`);
  ok(calls <= leastMs / 5, `${calls} calls`);
});

test('a body larger than the burst goes, and later ones wait for what it took', () => {
  const { add, assign, clock } = newCapped();
  add('large', 1, 2_000_000);
  equal(assign().length, 1);
  add('small', 1, 100);
  deepEqual(assign(), []);
  clock.nowMs += 2_000;
  deepEqual(assign(), []);
  clock.nowMs += 200;
  equal(assign().length, 1);
});

test('under the cap destinations have equal parts by bytes', () => {
  const { add, assign, end, clock } = newCapped();
  const parts = new Map<string, number>();
  for (let step = 0; step < 1_000; step++) {
    for (const [destination, bytes] of [
      ['small', 1_000],
      ['large', 50_000],
    ] as const)
      add(destination, step === 0 ? 20_000 : 0, bytes);
    for (const each of assign()) {
      parts.set(each.destination, (parts.get(each.destination) ?? 0) + each.bytes + 1_024);
      end(each, DELIVERED, 1);
    }
    clock.nowMs += 20;
  }
  const ratio = parts.get('small')! / parts.get('large')!;
  ok(ratio > 0.9 && ratio < 1.1, `${ratio}`);
});

test('without a cap nothing waits for one', () => {
  const { dispatcher, add, assign } = newCapped(null);
  add('d', WINDOW, 1_000_000);
  equal(assign().length, WINDOW);
  equal(dispatcher.exchange.nextChangeMs(), null);
});

test('what waits for slots and not for the cap asks for no call', () => {
  const { dispatcher, add, assign, clock } = newCapped();
  add('d', 1, 2_000_000);
  assign();
  equal(dispatcher.waiting, 0);
  equal(dispatcher.exchange.nextChangeMs(), null, 'nothing waits');
  clock.nowMs += 3_000;
  assign();
  add('d', 1, 100);
  equal(assign().length, 1);
});
