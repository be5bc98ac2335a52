/** `volley destinations list`: what is disabled, why, and how much is parked for it. */
import type { DisabledDestination } from '../broker/broker.ts';
import { EXIT } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { withBroker } from './existing-broker.ts';
import { columns, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'destinations',
  flags: { json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' } },
  operands: null,
  notes: [
    'A destination is disabled when its receiver answers 410 Gone, by volley destinations disable, or in the config file. Its deliveries are parked, none is lost: volley destinations enable makes them ready again.',
    'A destination is what events name as theirs, or else the origin of their URL.',
  ],
  examples: [
    'volley destinations list',
    '',
    '# Those for which the most is parked',
    "volley destinations list --json | jq -s 'sort_by(-.parked)[:10]'",
  ],
  async run({ options, flags }) {
    const listed = await withBroker(options, (broker) => broker.disabledDestinations());
    if (flags.json) for (const each of listed) await print(JSON.stringify(reportOf(each)));
    else await print(listed.length === 0 ? NONE : columns([HEAD, ...listed.map(rowOf)]));
    return EXIT.done;
  },
});

/** What is said where there is nothing to list or to enable. */
export const NONE = 'no destination is disabled';
const HEAD = ['DESTINATION', 'DISABLED', 'SINCE', 'PARKED'];

function rowOf(listed: DisabledDestination): (string | number)[] {
  const { destination, parked } = listed;
  return [printable(destination), byText(listed.by), sinceText(listed.sinceMs) ?? '-', parked];
}

/** Who disabled it, for a person. */
export function byText(by: DisabledDestination['by']): string {
  switch (by) {
    case 'gone':
      return 'answered 410';
    case 'command':
    case 'config':
      return by;
    case null:
      return 'no: enable it again';
    default:
      return by satisfies never;
  }
}

function sinceText(sinceMs: number | null): string | null {
  return sinceMs === null ? null : new Date(sinceMs).toISOString();
}

/** A destination as programs are given it. */
export function reportOf({ destination, by, sinceMs, parked }: DisabledDestination) {
  return { destination, by, since: sinceText(sinceMs), parked };
}
