/** What runs first in a namespace: gives this machine its addresses, runs one scenario, says what came of it, and ends. */

import { join } from 'node:path';
import type { Order, Reply } from './namespace.ts';
import { connectNetwork } from './network.ts';
import { Place } from './place.ts';

const [file, name] = process.argv.slice(2) as [string, string];

// The first process of a namespace takes all others with it.
process.once('disconnect', () => process.exit(1));

process.once('message', async ({ folder, input }: Order) => {
  let reply: Reply;
  try {
    connectNetwork();
    const scenarios = await import(join(import.meta.dirname, 'scenarios', `${file}.ts`));
    reply = { report: await scenarios[name](new Place(folder), ...input) };
  } catch (error) {
    reply = { error: (error as Error).stack ?? String(error) };
  }
  process.send!(reply, () => process.exit(0));
});
