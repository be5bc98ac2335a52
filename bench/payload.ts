/** Bodies that look like what a shop sends, the same ones in every run. */
import { seededRandom } from './random.ts';

/** An order whose compact JSON has exactly `bodyBytes` bytes (at least 600). The same seed gives the same order. */
export function orderPayload(seed: number, bodyBytes: number): Record<string, unknown> {
  const random = seededRandom(seed);
  const digits = (count: number) => String(Math.floor(random() * 10 ** count)).padStart(count, '0');
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)]!;
  const items: unknown[] = [];
  const order = {
    id: `ord_${digits(12)}`,
    status: pick(['paid', 'packed', 'shipped']),
    createdAt: `2026-11-${pick([10, 14, 21])}T08:${pick([10, 25, 42])}:07.${digits(3)}Z`,
    currency: pick(['EUR', 'USD', 'GBP']),
    customer: {
      id: `cus_${digits(10)}`,
      email: `buyer.${digits(5)}@example.com`,
      name: pick(['Ada Lovelace', 'Grace Hopper', 'Radia Perlman']),
      returning: random() < 0.5,
    },
    shipping: {
      method: pick(['standard', 'express']),
      address: {
        line1: `${digits(3)} Harbour Street`,
        city: 'Rotterdam',
        postcode: digits(5),
        country: 'NL',
      },
      tracking: null,
    },
    items,
    totals: { net: Number(digits(5)) / 100, tax: Number(digits(4)) / 100, discount: 0 },
    note: '',
  };
  let bytesLeft = bodyBytes - jsonBytes(order);
  while (bytesLeft > ITEM_BYTES) {
    const item = {
      sku: `SKU-${digits(8)}`,
      title: pick(['Enamel mug, 300 ml', 'Wool blanket', 'Notebook, dotted']),
      quantity: 1 + Math.floor(random() * 4),
      unitPrice: Number(digits(4)) / 100,
      attributes: { colour: pick(['slate', 'moss', 'sand']), gift: random() < 0.2 },
    };
    bytesLeft -= jsonBytes(item) + (items.length > 0 ? 1 : 0);
    items.push(item);
  }
  order.note = NOTE.repeat(Math.ceil(ITEM_BYTES / NOTE.length)).slice(0, bytesLeft);
  return order;
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** The longest item, with its comma: what the note fills at most. */
const ITEM_BYTES = 150;
const NOTE = 'Please leave the parcel with the neighbours at number 12. ';

/** How many different payloads take turns: enough that no cache of one body is measured. */
const PAYLOADS = 64;

/** Above this size one payload serves all events, in bytes: bounds what the payloads of a run take in memory. */
const LARGE_BYTES = 65_536;

/** The payloads of a run, to be used in turn. */
export function payloads(bodyBytes: number): readonly Record<string, unknown>[] {
  if (bodyBytes > LARGE_BYTES) return [largePayload(bodyBytes)];
  return Array.from({ length: PAYLOADS }, (_, seed) => orderPayload(seed + 1, bodyBytes));
}

/** One long text: what makes bodies that large is files, not many members. */
function largePayload(bodyBytes: number): { readonly file: string } {
  return { file: 'x'.repeat(bodyBytes - jsonBytes({ file: '' })) };
}
