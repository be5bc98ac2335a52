import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { Envelopes } from '../../bench/load/envelopes.ts';
import { eventId, eventOf } from '../../bench/load/event-id.ts';
import { findMaximum } from '../../bench/load/maximum.ts';
import { Schedule } from '../../bench/load/schedule.ts';
import { NumberSet } from '../../bench/number-set.ts';
import { decodeEnvelope } from '../../src/delivery/envelope.ts';

test('every event of a schedule is due after the one before, and counted from the microsecond after it', () => {
  for (const rate of [1, 3, 7_777, 60_000, 1_000_000]) {
    const schedule = new Schedule(1_000_003, rate);
    equal(schedule.countBefore(1_000_003), 0);
    for (let number = 0; number < 1_000; number += 1) {
      const due = schedule.dueMicros(number);
      equal(schedule.countBefore(due) <= number, true, `${rate}/s: event ${number} counts before it is due`);
      equal(
        schedule.countBefore(due + 1) > number,
        true,
        `${rate}/s: event ${number} does not count once due`,
      );
    }
  }
});

test('a schedule keeps its rate however late it is looked at, and ends where it was told', () => {
  const schedule = new Schedule(0, 2_500);
  equal(schedule.countBefore(10_000_000), 25_000);
  schedule.end(4_000_000);
  equal(schedule.countBefore(10_000_000), 10_000);
  equal(new Schedule(0, 2_500, 42).countBefore(10_000_000), 42);
});

test('an id says the number of its event and when that was due', () => {
  const head = `POST / HTTP/1.1\r\nX-Webhook-Id: ${eventId('healthy', 123, 4_567_890)}\r\nhost: a`;
  deepEqual(eventOf(head), { number: 123, dueMicros: 4_567_890 });
  equal(eventOf('POST / HTTP/1.1\r\nx-webhook-id: evt_01ABC'), null);
});

test('an envelope put together as a text is one that Volley takes, with the body that was asked for', () => {
  for (const bodyBytes of [600, 1_024, 2_097_152]) {
    const urls = ['http://127.0.0.1:1/a', 'http://127.0.0.1:2/a'];
    const envelopes = new Envelopes({ stream: 'healthy', urls, bodyBytes });
    const decoded = decodeEnvelope(Buffer.from(envelopes.text(1, 77, 1_700_000_000_000)), 'evt_absent');
    if ('reason' in decoded) throw new Error(decoded.detail);
    const { id, url, destination, timestampMs, body } = decoded;
    deepEqual(
      { id, url, destination, timestampMs, bodyBytes: body.length },
      {
        id: eventId('healthy', 1, 77),
        url: urls[1],
        destination: 'healthy-1',
        timestampMs: 1_700_000_000_000,
        bodyBytes,
      },
    );
  }
});

test('a set of numbers knows each, and unions those of several processes', () => {
  const [one, other] = [new NumberSet(), new NumberSet()];
  deepEqual(
    [one.add(3), one.add(3), one.add(100_000), other.add(3), other.add(0)],
    [true, false, true, true, true],
  );
  const union = NumberSet.union([one.toBase64(), other.toBase64()]);
  deepEqual(
    [union.size, union.has(0), union.has(3), union.has(100_000), union.has(4)],
    [3, true, true, true, false],
  );
});

/** A machine that delivers up to `capacity` a second, less what publishing too fast takes from it. */
const machineOf = (capacity: number) => async (rate: number) =>
  rate <= capacity ? rate : Math.max(1, capacity - (rate - capacity) / 4);

test('the search for the maximum rate comes close from above and from below', async () => {
  for (const capacity of [900, 12_345, 29_000, 55_000]) {
    const found = await findMaximum(machineOf(capacity), { firstPerSecond: 30_000, probes: 12 });
    equal(found <= capacity * 1.03 && found >= capacity * 0.93, true, `${found} of ${capacity}`);
  }
});

test('a search that was cut short answers the most that arrived', async () => {
  equal(await findMaximum(machineOf(10_000), { firstPerSecond: 30_000, probes: 1 }), 5_000);
});
