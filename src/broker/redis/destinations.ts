/** Disabled destinations on Redis, and what is parked for them. */
import type { DisabledBy, DisabledDestination } from '../broker.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';

/** Deliveries made ready at a time, and their bytes (about): keeps each step's stall of Redis below a millisecond. */
const STEP = 250;
const STEP_BYTES = 1_000_000;

/** What the disabled hash holds of a destination. */
interface Disabled {
  readonly by: DisabledBy;
  readonly sinceMs: number;
}

export async function disableDestination(
  redis: Connection,
  keys: QueueKeys,
  destination: string,
  disabled: Disabled,
): Promise<boolean> {
  return (await redis.volleyDisable(keys.disabled, destination, JSON.stringify(disabled))) === 1;
}

export async function enableDestination(
  redis: Connection,
  keys: QueueKeys,
  destination: string,
): Promise<number | null> {
  // First, so that what is parked from now on is ready at once: the list only shrinks under the steps.
  const wasDisabled = (await redis.hdel(keys.disabled, destination)) === 1;
  const { parked, disabled, ready } = keys;
  let count = 0;
  for (;;) {
    const step = [destination, STEP, STEP_BYTES];
    const moved = await redis.volleyUnpark(keys.park(destination), parked, disabled, ready, ...step);
    if (moved === 0) return wasDisabled || count > 0 ? count : null;
    count += moved;
  }
}

export async function disabledDestinations(
  redis: Connection,
  keys: QueueKeys,
): Promise<DisabledDestination[]> {
  const [disabled, parked] = await redis.volleyDisabled(keys.disabled, keys.parked);
  const counts = new Map(pairs(parked));
  const reasons = new Map(pairs(disabled));
  return [...new Set([...reasons.keys(), ...counts.keys()])].sort().map((destination) => {
    const reason = reasons.get(destination);
    const { by, sinceMs } = reason === undefined ? NOT_DISABLED : (JSON.parse(reason) as Disabled);
    return { destination, by, sinceMs, parked: Number(counts.get(destination) ?? 0) };
  });
}

const NOT_DISABLED = { by: null, sinceMs: null };

/** The fields of a hash with their values, from the flat list that Redis sends. */
function pairs(flat: readonly string[]): [field: string, value: string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
}
