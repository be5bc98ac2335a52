/** Which destinations are known, those included with which all is well: Volley keeps no list of those it delivers to. */
import type { Broker, Standing } from '../broker/broker.ts';
import type { Configured } from '../config/configured-destination.ts';
import { didYouMean } from '../config/nearest.ts';
import { VolleyError } from '../errors.ts';

/** Who may know of a destination. */
export interface Knowing {
  readonly broker: Broker;
  /** All that the broker has something to say of at present. */
  readonly standings: readonly Standing[];
  readonly configured: Configured;
}

/** How the destination of this name stands; null where nothing is known of it. */
export async function findStanding(name: string, knowing: Knowing): Promise<Standing | null> {
  const found = knowing.standings.find(({ destination }) => destination === name);
  if (found !== undefined) return found;
  return (await isKnown(name, knowing))
    ? { destination: name, disabled: null, block: null, parked: 0 }
    : null;
}

/** As `findStanding`. Throws VOLLEY_NOT_FOUND where nothing is known of it. */
export async function requireStanding(name: string, knowing: Knowing): Promise<Standing> {
  const found = await findStanding(name, knowing);
  if (found !== null) return found;
  throw new VolleyError('VOLLEY_NOT_FOUND', unknownText(name, knowing));
}

/** What to say of a name of which nothing is known. */
export function unknownText(name: string, { standings }: Knowing): string {
  const names = standings.map(({ destination }) => destination);
  const hint =
    didYouMean(name, names) ||
    ': all is well with it, or it is called something else (volley destinations list shows those in trouble)';
  return `nothing is known of destination ${JSON.stringify(name)}${hint}`;
}

/** Whether the config file has it, or the broker has come across it: the cheapest question first. */
async function isKnown(name: string, { broker, configured }: Knowing): Promise<boolean> {
  return (
    configured(name).isListed ||
    (await broker.rateDebtMs(name)) > 0 ||
    (await hasChanged(name, broker)) ||
    (await broker.listDead({ destination: name }, 1)).length > 0
  );
}

/** Whether it was disabled or blocked, or had something parked: the broker remembers those that changed last. */
async function hasChanged(name: string, broker: Broker): Promise<boolean> {
  const { standings } = await broker.standings(0);
  return standings.some(({ destination }) => destination === name);
}
