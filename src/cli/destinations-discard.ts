/** `volley destinations discard`: what is parked for these, deleted for good. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '../broker/broker.ts';
import { configuredDestinations } from '../config/configured-destination.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { allStandings } from './destination-standing.ts';
import { withBroker } from './existing-broker.ts';
import { requireStanding } from './known-destination.ts';
import { Progress } from './progress.ts';
import { print, printable } from './terminal.ts';

/** Between two looks at how much is left, in milliseconds; each costs the broker a count. */
const LOOK_MS = 500;

export const command = defineCommand({
  scope: 'destinations',
  flags: {
    yes: {
      kind: 'boolean',
      flag: 'yes',
      default: false,
      scopes: [],
      doc: 'confirms it: what is deleted cannot be brought back',
    },
    json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' },
  },
  operands: 'NAME…',
  notes: [
    'Deletes what is parked now, and what waits behind that for its ordering key (which destinations show does not count). What is queued, in flight or put off for a retry is left, and so is what waits behind it.',
    'Whether the destination is disabled or blocked stays as it is, and what is queued for it later is parked as before.',
  ],
  examples: [
    '# Look first, then delete',
    'volley destinations show acct_42',
    'volley destinations discard acct_42 --yes',
  ],
  async run({ options, flags, operands }) {
    const names = [...new Set(operands)];
    if (names.length === 0)
      throw new VolleyError(
        'VOLLEY_USAGE',
        'volley destinations discard needs to know which: give their names (volley destinations list shows them)',
      );
    if (!flags.yes)
      throw new VolleyError(
        'VOLLEY_USAGE',
        'this deletes what is parked for good: look at it with volley destinations show, then add --yes',
      );
    const configured = configuredDestinations(options.config);
    await withBroker(options, async (broker) => {
      const knowing = { broker, standings: await allStandings(broker), configured };
      // All of them first: a name that was mistyped deletes nothing.
      for (const name of names) await requireStanding(name, knowing);
      for (const destination of names) {
        const discarded = await discard(broker, destination);
        await print(
          flags.json
            ? JSON.stringify({ destination, discarded })
            : `${printable(destination)}: discarded ${discarded}`,
        );
      }
    });
    return EXIT.done;
  },
});

/** Discards what is parked for one, and shows on a terminal how far it has come. */
async function discard(broker: Broker, destination: string): Promise<number> {
  const discarding = broker.discardParked(destination);
  if (!process.stderr.isTTY) return discarding;
  const progress = new Progress('discarded');
  const over = discarding.then(
    () => true,
    () => true,
  );
  let { parked } = await broker.stats();
  while (!(await Promise.race([over, sleep(LOOK_MS, false, { ref: false })]))) {
    const left = (await broker.stats()).parked;
    // What is parked meanwhile may be more than what was deleted.
    progress.add(Math.max(0, parked - left));
    parked = left;
  }
  progress.clear();
  return discarding;
}
