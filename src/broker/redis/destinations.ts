/** Disabled destinations on Redis, what is parked, and what is known of all of them. */
import type { DisabledBy, Standing, Standings } from '../broker.ts';
import { blockAt } from './blocks.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';

/** Deliveries discarded at a time: keeps each step's stall of Redis below a millisecond. */
const STEP = 250;

/** What the disabled hash holds of a destination. */
interface Disabled {
  readonly by: DisabledBy;
  readonly sinceMs: number;
}

export async function disableDestination(
  redis: Connection,
  { disabled, version, changed }: QueueKeys,
  destination: string,
  why: Disabled,
): Promise<boolean> {
  return (await redis.volleyDisable(disabled, version, changed, destination, JSON.stringify(why))) === 1;
}

export function enableDestination(
  redis: Connection,
  { disabled, version, changed, blocks, parked }: QueueKeys,
  destination: string,
): Promise<number | null> {
  return redis.volleyEnable(disabled, version, changed, blocks, parked, destination);
}

export async function discardParked(
  redis: Connection,
  keys: QueueKeys,
  destination: string,
): Promise<number> {
  const { ready, turns, waiting, served, parked } = keys;
  const scriptKeys = [keys.park(destination), ready, turns, waiting, served, parked];
  let discarded = 0;
  for (;;) {
    const count = await redis.volleyDiscardParked(...scriptKeys, destination, STEP);
    discarded += count;
    // Not until there are none: somebody may be parking as fast as this discards.
    if (count < STEP) return discarded;
  }
}

export async function standings(
  redis: Connection,
  keys: QueueKeys,
  since: number | null,
): Promise<Standings> {
  const reply = await redis.volleyStandings(
    ...[keys.disabled, keys.blocks, keys.parked, keys.version, keys.changed],
    since ?? '',
  );
  const [version, isComplete, nowMs, changed, ...hashes] = reply;
  const [disabled, blocks, parked] = hashes.map(fieldsOf) as [Fields, Fields, Fields];
  const names = new Set([...changed, ...disabled.keys(), ...blocks.keys(), ...parked.keys()]);
  return {
    version: Number(version),
    isComplete: isComplete === 1,
    standings: [...names].sort().map((destination): Standing => {
      const why = disabled.get(destination);
      return {
        destination,
        disabled: why === undefined ? null : (JSON.parse(why) as Disabled),
        block: blockAt(blocks.get(destination), nowMs),
        parked: Number(parked.get(destination) ?? 0),
      };
    }),
  };
}

type Fields = ReadonlyMap<string, string>;

/** The fields of a hash with their values, from the flat list that Redis sends. */
function fieldsOf(flat: readonly string[]): Fields {
  return new Map(Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]));
}
