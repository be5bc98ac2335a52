/** `volley destinations disable`: nothing more is sent to these, until they are enabled. */
import type { Standing } from '../broker/broker.ts';
import { originOf } from '../delivery/envelope.ts';
import { destinationFault } from '../delivery/fields.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { allStandings, byText, reportOf, sinceText } from './destination-standing.ts';
import { withBroker } from './existing-broker.ts';
import { note, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'destinations',
  flags: { json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' } },
  operands: 'NAME…',
  notes: [
    'What is for them is parked, not lost, until volley destinations enable. Workers hear of it within 5 seconds or so; what they begin before that, or have in flight, is not cut short.',
    'A destination is what events name as theirs, or else the origin of their URL. It need not have been seen before.',
  ],
  examples: [
    'volley destinations disable acct_42',
    '',
    '# A destination without an id goes by the origin of its URL',
    'volley destinations disable https://example.com',
  ],
  async run({ options, flags, operands }) {
    const names = [...new Set(operands)];
    checkNames(names);
    await withBroker(options, async (broker) => {
      const before = new Map<string, boolean>();
      for (const name of names)
        before.set(name, !(await broker.disableDestination(name, 'command', Date.now())));
      for (const standing of await allStandings(broker)) {
        const already = before.get(standing.destination);
        // Somebody else may have enabled it in this moment.
        if (already === undefined || standing.disabled === null) continue;
        await print(flags.json ? JSON.stringify(reportOf(standing)) : forPeople(standing, already));
      }
    });
    for (const name of names) noteOrigin(name);
    return EXIT.done;
  },
});

/** Throws VOLLEY_USAGE for no names, and for one that no delivery can have. */
function checkNames(names: readonly string[]): void {
  if (names.length === 0)
    throw new VolleyError(
      'VOLLEY_USAGE',
      'volley destinations disable needs to know which: give their names, for example acct_42 or https://example.com',
    );
  for (const name of names) {
    const fault = destinationFault(name);
    if (fault !== null) throw new VolleyError('VOLLEY_USAGE', `${JSON.stringify(name)}: ${fault}`);
  }
}

function forPeople(standing: Standing, already: boolean): string {
  const name = printable(standing.destination);
  if (!already) return `${name} is disabled: its deliveries are parked until it is enabled`;
  return `${name} is disabled already (by ${byText(standing.disabled!.by)}, since ${sinceText(standing)})`;
}

/** What looks like a URL and is no origin as it is written is hardly ever what a destination is called: says what events go by. */
function noteOrigin(name: string): void {
  const origin = /^https?:/i.test(name) ? originOf(name) : null;
  if (origin !== null && origin !== name)
    note(`events for ${name} that name no destination go by ${origin}: disable that one if you meant them`);
}
