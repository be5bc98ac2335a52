/** `volley destinations enable`: what is parked for these is ready again. */
import type { Broker, DisabledDestination } from '../broker/broker.ts';
import { didYouMean } from '../config/nearest.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { NONE } from './destinations-list.ts';
import { withBroker } from './existing-broker.ts';
import { note, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'destinations',
  flags: {
    all: {
      kind: 'boolean',
      flag: 'all',
      default: false,
      scopes: [],
      doc: 'every destination that is disabled',
    },
    json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' },
  },
  operands: '[NAME…]',
  notes: [
    'What is parked for them is ready again, the oldest first, with the attempts it had.',
    'One that answers 410 Gone again is disabled again. One that the config file disables is disabled again by its workers: change the file.',
  ],
  examples: [
    'volley destinations enable acct_42',
    '',
    '# A destination without an id goes by the origin of its URL',
    'volley destinations enable https://example.com',
    '',
    'volley destinations enable --all',
  ],
  async run({ options, flags, operands }) {
    if (operands.length > 0 === flags.all)
      throw new VolleyError(
        'VOLLEY_USAGE',
        `volley destinations enable ${flags.all ? 'takes names or --all, not both' : 'needs to know which'}: give their names (volley destinations list shows them), or --all`,
      );
    await withBroker(options, async (broker) => {
      const listed = await broker.disabledDestinations();
      const chosen = flags.all ? listed : [...new Set(operands)].map((name) => find(name, listed));
      for (const each of chosen) await enable(broker, each, flags.json);
      if (chosen.length === 0 && !flags.json) await print(NONE);
    });
    return EXIT.done;
  },
});

/** Throws VOLLEY_NOT_FOUND. */
function find(name: string, listed: readonly DisabledDestination[]): DisabledDestination {
  const found = listed.find(({ destination }) => destination === name);
  if (found !== undefined) return found;
  const names = listed.map(({ destination }) => destination);
  throw new VolleyError(
    'VOLLEY_NOT_FOUND',
    `destination ${JSON.stringify(name)} is not disabled${didYouMean(name, names) || ': volley destinations list shows those that are'}`,
  );
}

async function enable(
  broker: Broker,
  { destination, by }: DisabledDestination,
  asJson: boolean,
): Promise<void> {
  // Null where somebody else has enabled it in this moment.
  const ready = (await broker.enableDestination(destination)) ?? 0;
  const deliveries = ready === 1 ? '1 delivery is' : `${ready} deliveries are`;
  const name = printable(destination);
  await print(
    asJson ? JSON.stringify({ destination, ready }) : `${name} is enabled: ${deliveries} ready again`,
  );
  if (by === 'config')
    note(`${name} is disabled in the workers' config file, and will be again: change it there, then reload`);
}
