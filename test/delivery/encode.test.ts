import { deepEqual, equal, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { encodeEnvelope } from '../../src/delivery/encode.ts';
import { isRejection } from '../../src/delivery/envelope.ts';
import type { VolleyEvent } from '../../src/delivery/event.ts';
import { anyEvent, decoded, encoded, GOOD, NOW_MS } from './envelope-testing.ts';

test('an event that is not JSON is refused when published', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  for (const payload of [cyclic, 1n, () => {}, Symbol('s'), undefined]) {
    const refused = encodeEnvelope({ url: GOOD.url, type: 't', payload }, () => 'x', 0);
    ok(isRejection(refused) && refused.reason === 'invalid-envelope', String(typeof payload));
    ok(!refused.detail.includes('\n'), refused.detail);
  }
  for (const event of [null, undefined, 'text', 7])
    ok(isRejection(encodeEnvelope(event as unknown as VolleyEvent, () => 'x', 0)));
});

test('a member that is one of an event but for case and separators is refused, and any other one let be', () => {
  const refusal = (more: object) => {
    const result = encodeEnvelope({ ...GOOD, ...more }, () => 'x', NOW_MS);
    return isRejection(result) ? result.detail : null;
  };
  for (const [name, meant] of [
    ['expires_at', 'expiresAt'],
    ['ExpiresAt', 'expiresAt'],
    ['deliver-at', 'deliverAt'],
    ['orderingkey', 'orderingKey'],
    ['URL', 'url'],
  ] as const)
    equal(refusal({ [name]: 1 }), `"${name}" is no member of an event: write ${meant}`);
  equal(refusal({ tenant: 7, uid: 'u', delivery: {}, expires_at: undefined }), null);
});

test('what is published is what is decoded', () => {
  fc.assert(
    fc.property(anyEvent, (event) => {
      const { body, ...rest } = decoded(encoded(event));
      deepEqual(
        { ...rest, body: body.toString() },
        {
          id: event.id ?? 'evt_minted',
          url: event.url,
          type: event.type,
          timestampMs: event.timestamp ?? NOW_MS,
          destination: event.destination ?? new URL(event.url).origin,
          orderingKey: event.orderingKey ?? null,
          deliverAtMs: event.deliverAt === undefined ? null : Number(event.deliverAt),
          expiresAtMs: event.expiresAt ?? null,
          headers: event.headers === undefined ? null : Object.entries(event.headers).flat(),
          body: JSON.stringify(event.payload),
        },
      );
    }),
  );
});

test('what concerns the delivery stands in front of the payload, the destination before all that may be long', () => {
  const envelope = encoded({ ...GOOD, orderingKey: 'k', deliverAt: NOW_MS, expiresAt: new Date(NOW_MS + 1) });
  deepEqual(Object.keys(JSON.parse(envelope.toString())), [
    ...['id', 'destination', 'orderingKey', 'url', 'type', 'timestamp', 'deliverAt', 'expiresAt', 'payload'],
  ]);
  equal(Object.keys(JSON.parse(encoded(GOOD).toString())).length, 6, 'no member for what is not asked for');
});
