/** `volley destinations enable`: these may be sent to again, and what is parked for them first. */
import type { Broker, Standing } from '../broker/broker.ts';
import { configuredDestinations } from '../config/configured-destination.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { allStandings } from './destination-standing.ts';
import { withBroker } from './existing-broker.ts';
import { findStanding, unknownText } from './known-destination.ts';
import { note, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'destinations',
  flags: {
    all: {
      kind: 'boolean',
      flag: 'all',
      default: false,
      scopes: [],
      doc: 'every destination that is disabled or blocked',
    },
    json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' },
  },
  operands: '[NAME…]',
  notes: [
    'Those of which nothing is known are told, the others enabled all the same; the exit code is 1 then.',
    'Whether it was disabled, its breaker is open or it is paused: it is sent to again. Workers hear of it within 5 seconds or so, and deliver what is parked, the oldest first, at the pace the destination takes it.',
    'What is put off for a retry stays so until it is due, also where the receiver has asked for a long wait.',
    'One that answers 410 Gone again is disabled again, and one that fails again opens its breaker again. One that the config file disables is disabled again by its workers: change the file.',
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
    const configured = configuredDestinations(options.config);
    return withBroker(options, async (broker) => {
      const standings = await allStandings(broker);
      if (flags.all) return enableAll(broker, standings, flags.json);
      const knowing = { broker, standings, configured };
      let unknown = 0;
      for (const name of new Set(operands)) {
        const standing = await findStanding(name, knowing);
        if (standing !== null) await enable(broker, standing, flags.json);
        else {
          unknown++;
          note(unknownText(name, knowing));
        }
      }
      return unknown === 0 ? EXIT.done : EXIT.workFailed;
    });
  },
});

async function enableAll(broker: Broker, standings: readonly Standing[], asJson: boolean): Promise<number> {
  const chosen = standings.filter(({ disabled, block }) => disabled !== null || block !== null);
  for (const each of chosen) await enable(broker, each, asJson);
  if (chosen.length === 0 && !asJson) await print('no destination is disabled or blocked');
  return EXIT.done;
}

async function enable(broker: Broker, standing: Standing, asJson: boolean): Promise<void> {
  const { destination } = standing;
  // Null where it is not disabled, or somebody else has enabled it in this moment.
  const parked = (await broker.enableDestination(destination)) ?? standing.parked;
  const name = printable(destination);
  const byConfig = standing.disabled?.by === 'config';
  await print(
    asJson ? JSON.stringify({ destination, parked }) : `${name} is enabled: ${parkedText(parked, byConfig)}`,
  );
  if (byConfig)
    note(`${name} is disabled in the workers' config file, and will be again: change it there, then reload`);
}

function parkedText(parked: number, byConfig: boolean): string {
  if (parked === 0) return 'nothing is parked for it';
  const deliveries = parked === 1 ? '1 delivery is' : `${parked} deliveries are`;
  return `${deliveries} parked for it${byConfig ? '' : ', which workers deliver now'}`;
}
