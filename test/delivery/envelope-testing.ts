/** What the tests of the envelope codec share. */
import fc from 'fast-check';
import { encodeEnvelope } from '../../src/delivery/encode.ts';
import { decodeEnvelope, isRejection } from '../../src/delivery/envelope.ts';
import type { DecodedEnvelope, VolleyEvent } from '../../src/delivery/event.ts';

/** When the events of these tests are published, in epoch milliseconds. */
export const NOW_MS = Date.UTC(2026, 10, 23, 18);
/** The least that an event needs. */
export const GOOD = { url: 'https://example.com/hooks', type: 'order.updated', payload: { a: 1 } };

/** What comes of an envelope that gives no id of its own. */
export function decode(envelope: string | Buffer): ReturnType<typeof decodeEnvelope> {
  return decodeEnvelope(Buffer.from(envelope as string), 'minted');
}

export function decoded(envelope: string | Buffer): DecodedEnvelope {
  const result = decode(envelope);
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

export function encoded(event: VolleyEvent): Buffer {
  const result = encodeEnvelope(event, () => 'evt_minted', NOW_MS);
  if (isRejection(result)) throw new Error(`${result.reason}: ${result.detail}`);
  return result;
}

/** Events with any of the optional members, as an application would publish them. */
export const anyEvent = fc.record(
  {
    url: fc.webUrl({ withQueryParameters: true, withFragments: true, validSchemes: ['http', 'https'] }),
    type: fc.stringMatching(/^[!-~]{1,30}$/),
    payload: fc.jsonValue(),
    id: fc.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/),
    destination: fc.stringMatching(/^[!-~]{1,60}$/),
    orderingKey: fc.stringMatching(/^[!-~]{1,60}$/),
    timestamp: fc.integer({ min: 0, max: 4e12 }),
    deliverAt: fc.oneof(
      fc.integer({ min: 1e12, max: 2e12 }),
      fc.date({ min: new Date(1e12), max: new Date(2e12), noInvalidDate: true }),
    ),
    expiresAt: fc.integer({ min: 2e12 + 1, max: 9_999_999_999_999 }),
    headers: fc.dictionary(
      fc.stringMatching(/^x-[a-z]{1,9}$/).filter((name) => !name.startsWith('x-webhook')),
      fc.stringMatching(/^[ -~]{0,30}$/),
      { maxKeys: 5 },
    ),
  },
  { requiredKeys: ['url', 'type', 'payload'] },
);
