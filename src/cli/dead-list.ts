/** `volley dead list`: dead letters, oldest first. */
import type { StoredDeadLetter } from '../broker/broker.ts';
import { EXIT } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { FILTER_FLAGS, filterOf } from './dead-filter.ts';
import { withBroker } from './existing-broker.ts';
import { columns, note, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'dead',
  flags: {
    ...FILTER_FLAGS,
    limit: {
      kind: 'integer',
      flag: 'limit',
      value: 'N',
      default: 100,
      min: 1,
      max: 100_000,
      unit: 'dead letters',
      scopes: [],
      doc: 'most that are listed',
    },
    json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' },
  },
  operands: null,
  notes: ['Oldest first.'],
  examples: [
    'volley dead list --reason exhausted --since 2h',
    '',
    '# The ids alone',
    'volley dead list --destination acct_42 --json | jq -r .id',
  ],
  async run({ options, flags }) {
    const filter = filterOf(flags, Date.now());
    // One more than is shown tells whether there are more.
    const letters = await withBroker(options, (broker) => broker.listDead(filter, flags.limit + 1));
    const shown = letters.slice(0, flags.limit);
    if (flags.json) for (const letter of shown) await print(JSON.stringify(reportOf(letter)));
    else await print(shown.length === 0 ? 'no dead letters' : columns([HEAD, ...shown.map(rowOf)]));
    if (letters.length > shown.length) note(`there are more than ${flags.limit}: raise --limit, or filter`);
    return EXIT.done;
  },
});

const HEAD = ['ID', 'DIED', 'REASON', 'ATTEMPTS', 'DESTINATION', 'DETAIL'];

function rowOf(letter: StoredDeadLetter): (string | number)[] {
  const { key, diedAtMs, reason, attempts, destination, detail } = letter;
  return [key, new Date(diedAtMs).toISOString(), reason, attempts, destination ?? '-', printable(detail)];
}

/** A dead letter as programs are given it: without its envelope, which may be large. */
export function reportOf({ key, diedAtMs, envelope, ...letter }: StoredDeadLetter) {
  // The key names it in the other commands; it is the event's id but where two letters have the same.
  return {
    ...letter,
    id: key,
    eventId: letter.id,
    diedAt: new Date(diedAtMs).toISOString(),
    envelopeBytes: envelope.length,
  };
}
