import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { untimely } from '../../src/thread/timeliness.ts';
import { receiverOf } from '../receiver.ts';
import { attempting } from './attempting.ts';

const NOON = Date.UTC(2026, 10, 23, 12);

const expired = (time: string) => ({
  kind: 'refused',
  reason: 'expired',
  detail: `expiresAt (${time}) had passed before it could be sent`,
});

test('a delivery may be attempted from its deliverAt on, until its expiresAt', () => {
  const between = { deliverAtMs: NOON, expiresAtMs: NOON + 10 };
  deepEqual(untimely(between, NOON - 7), { kind: 'early', waitMs: 7 });
  equal(untimely(between, NOON), null);
  equal(untimely(between, NOON + 9), null);
  deepEqual(untimely(between, NOON + 10), expired('2026-11-23T12:00:00.010Z'));
  equal(untimely({ deliverAtMs: null, expiresAtMs: null }, NOON), null);
});

test('whatever the times are, a delivery that waits as long as it is told to is due, and never a moment before', () => {
  const time = fc.integer({ min: NOON - 1e9, max: NOON + 1e9 });
  fc.assert(
    fc.property(time, time, (deliverAtMs, nowMs) => {
      const outcome = untimely({ deliverAtMs, expiresAtMs: null }, nowMs);
      if (outcome === null) return nowMs >= deliverAtMs;
      if (outcome.kind !== 'early') return false;
      return nowMs + outcome.waitMs === deliverAtMs && outcome.waitMs > 0;
    }),
  );
});

test('a thread sends nothing before deliverAt and nothing from expiresAt on, by its clock', async (t) => {
  let nowMs = NOON - 60_000;
  const { attempt } = attempting(t, {}, {}, () => nowMs);
  const receiver = await receiverOf(t);
  const event = { deliverAt: '2026-11-23T12:00:00Z', expiresAt: NOON + 1_000 };
  deepEqual(await attempt(receiver.origin, event), { kind: 'early', waitMs: 60_000 });
  equal(receiver.accepted, 0, 'not even a connection');
  nowMs = NOON;
  deepEqual(await attempt(receiver.origin, event), { kind: 'delivered', status: 200 });
  nowMs = NOON + 1_000;
  deepEqual(await attempt(receiver.origin, event), expired('2026-11-23T12:00:01.000Z'));
  equal(receiver.requests.length, 1);
});

test('a place to which nothing may be sent is judged when it is time to send, and not before', async (t) => {
  let nowMs = NOON - 1;
  const { attempt } = attempting(t, {}, {}, () => nowMs);
  const event = { deliverAt: NOON };
  deepEqual(await attempt('http://10.0.0.1/', event), { kind: 'early', waitMs: 1 });
  nowMs = NOON;
  const outcome = await attempt('http://10.0.0.1/', event);
  equal(outcome.kind === 'refused' && outcome.reason, 'url-refused');
});

test('an ordering key changes nothing of an attempt, and a wrong one is refused', async (t) => {
  const { attempt } = attempting(t);
  const receiver = await receiverOf(t);
  equal((await attempt(receiver.origin, { orderingKey: 'order 7' })).kind, 'delivered');
  deepEqual(await attempt(receiver.origin, { orderingKey: '' }), {
    kind: 'refused',
    reason: 'invalid-envelope',
    detail: '"orderingKey" must be a string of 1 to 256 printable ASCII characters',
  });
  equal(receiver.requests.length, 1);
});
