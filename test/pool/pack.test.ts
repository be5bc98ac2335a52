import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Parcel } from '../../src/pool/attempt-pool.ts';
import { pack, spread } from '../../src/pool/pack.ts';
import { INDEX } from '../../src/thread/messages.ts';

const anyParcel: fc.Arbitrary<Parcel> = fc.record(
  {
    number: fc.nat({ max: 2 ** 31 - 1 }),
    attempts: fc.nat({ max: 1_000 }),
    mintedId: fc.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/),
    envelope: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  },
  { noNullPrototype: true },
);

test('what is packed for a thread is what it finds at the places the index tells', () => {
  fc.assert(
    fc.property(fc.array(anyParcel, { maxLength: 20 }), (parcels) => {
      const { bytes, count } = pack(parcels);
      equal(count, parcels.length);
      const index = new Int32Array(bytes, 0, count * INDEX.width);
      const found: Parcel[] = [];
      let at = index.byteLength;
      for (let i = 0; i < index.length; i += INDEX.width) {
        const idEnd = at + index[i + INDEX.idBytes]!;
        const end = idEnd + index[i + INDEX.envelopeBytes]!;
        found.push({
          number: index[i + INDEX.number]!,
          attempts: index[i + INDEX.attempts]!,
          mintedId: Buffer.from(bytes, at, idEnd - at).toString(),
          envelope: Buffer.from(Buffer.from(bytes, idEnd, end - idEnd)),
        });
        at = end;
      }
      deepEqual(found, parcels);
      equal(at, bytes.byteLength);
    }),
  );
});

test('a report is passed on outcome by outcome, and then said to be over', () => {
  const calls: unknown[] = [];
  const failed = { number: 9, outcome: { kind: 'handed-back' }, subject: null, attemptMs: 0 } as const;
  spread(
    { delivered: Float64Array.of(7, 200, 1_500, 2_000_000, 8, 204, 10, -1_000), failed: [failed] },
    {
      delivered: (...args) => calls.push(args),
      failed: (attempt) => calls.push(attempt),
      reported: () => calls.push('reported'),
      threadLost: () => calls.push('lost'),
    },
  );
  deepEqual(calls.slice(0, 1), [[7, 200, 1.5, 2_000]]);
  const [number, status, attemptMs, ageMs] = calls[1] as number[];
  deepEqual([number, status, attemptMs, ageMs! < 0], [8, 204, 0.01, true]);
  deepEqual(calls.slice(2), [failed, 'reported']);
});
