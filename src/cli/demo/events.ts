/** The demo's events: orders, each receiver's share spread evenly over the run. */
import type { VolleyEvent } from '../../delivery/event.ts';
import { CAST, type ReceiverRole } from './cast.ts';

/** The destinations a role stands for. */
export function destinationsOf({ name, destinations }: ReceiverRole): string[] {
  return Array.from({ length: destinations }, (_, index) => `${name}-${index + 1}`);
}

export interface CastEvent {
  /** Index of its receiver in the cast. */
  readonly role: number;
  readonly event: VolleyEvent;
}

/**
 * `count` events in the order they are to be published; each is stamped with the time at which it is asked for.
 * `urls` are those of the cast, in its order. Shares are kept by smooth weighted round robin, so that any stretch of the
 * run holds all receivers in proportion.
 */
export function* castEvents(count: number, urls: readonly string[]): Generator<CastEvent> {
  const credits: number[] = CAST.map(() => 0);
  const turns: number[] = CAST.map(() => 0);
  const destinations = CAST.map(destinationsOf);
  for (let number = 1; number <= count; number++) {
    for (const [role, { sharePercent }] of CAST.entries()) credits[role]! += sharePercent;
    const role = credits.indexOf(Math.max(...credits));
    credits[role]! -= 100;
    const customers = destinations[role]!;
    const customer = customers[turns[role]!++ % customers.length]!;
    yield { role, event: orderEvent(number, urls[role]!, customer, Date.now()) };
  }
}

function orderEvent(number: number, url: string, customer: string, nowMs: number): VolleyEvent {
  const quantity = 1 + (number % 5);
  return {
    url,
    type: 'order.placed',
    destination: customer,
    timestamp: nowMs,
    payload: {
      order: `ord_${String(number).padStart(8, '0')}`,
      customer,
      placed_at_ms: nowMs,
      currency: 'EUR',
      total_cents: quantity * 1_999,
      lines: [{ sku: 'volley-ball-5', name: 'Volleyball, size 5', quantity, unit_cents: 1_999 }],
      ship_to: { name: 'Ada Lovelace', street: '12 St James’s Square', city: 'London', country: 'GB' },
      note: 'Leave it with the neighbours.',
    },
  };
}
