/** `volley dead discard`: dead letters deleted for good. */
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { ALL_FLAG, checkChoice, chosen, FILTER_FLAGS } from './dead-filter.ts';
import { withBroker } from './existing-broker.ts';
import { print } from './terminal.ts';

export const command = defineCommand({
  scope: 'dead',
  flags: {
    all: ALL_FLAG,
    ...FILTER_FLAGS,
    yes: {
      kind: 'boolean',
      flag: 'yes',
      default: false,
      scopes: [],
      doc: 'confirms --all or a filter: what is deleted cannot be brought back',
    },
    json: JSON_FLAG,
  },
  operands: '[ID…]',
  notes: [],
  examples: [
    'volley dead discard evt_01JAB3W5X6Y7Z8',
    '',
    '# Look first, then delete',
    'volley dead list --reason invalid-envelope --until 7d',
    'volley dead discard --reason invalid-envelope --until 7d --yes',
  ],
  async run({ options, flags, operands }) {
    checkChoice('dead discard', operands, flags);
    if (operands.length === 0 && !flags.yes)
      throw new VolleyError(
        'VOLLEY_USAGE',
        'this deletes dead letters for good: look at them with volley dead list, then add --yes',
      );
    const discarded = await withBroker(options, async (broker) =>
      broker.discardDead(await chosen(broker, operands, flags, Date.now()), Number.MAX_SAFE_INTEGER),
    );
    await print(flags.json ? JSON.stringify({ discarded }) : `discarded ${discarded}`);
    return EXIT.done;
  },
});
