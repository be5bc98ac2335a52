/** The broker as commands see it that look into a queue: it must be there already. */
import { existsSync } from 'node:fs';
import type { Broker } from '../broker/broker.ts';
import type { OptionValues } from '../config/options.ts';
import { VolleyError } from '../errors.ts';

const SQLITE = 'sqlite:';

/**
 * Opens the broker, has it used, and closes it. Throws VOLLEY_BROKER_UNAVAILABLE where a SQLite file is not there:
 * looking must not create an empty queue, which would say that all is well.
 */
export async function withBroker<Result>(
  { broker: url, queue }: Pick<OptionValues, 'broker' | 'queue'>,
  use: (broker: Broker) => Promise<Result>,
): Promise<Result> {
  const file = url.startsWith(SQLITE) ? url.slice(SQLITE.length) : null;
  if (file !== null && !existsSync(file))
    throw new VolleyError(
      'VOLLEY_BROKER_UNAVAILABLE',
      `there is no SQLite file ${file}: publish something first, or say where the queue is with --broker`,
    );
  // Loaded late, so that help and complaints about flags do not wait for it.
  const { clientBroker } = await import('../publish/client-broker.ts');
  const broker = clientBroker(url, queue);
  await broker.open();
  try {
    return await use(broker);
  } finally {
    await broker.close();
  }
}
