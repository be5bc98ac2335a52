/** `volley dead show ID`: all that is known of a dead letter. */
import type { StoredDeadLetter } from '../broker/broker.ts';
import { EXIT, VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { findDead } from './dead-filter.ts';
import { reportOf } from './dead-list.ts';
import { withBroker } from './existing-broker.ts';
import { columns, heading, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'dead',
  flags: { json: JSON_FLAG },
  operands: 'ID',
  notes: ['Shows the last response and the envelope, as it was queued.'],
  examples: [
    'volley dead show evt_01JAB3W5X6Y7Z8',
    '',
    '# The envelope as it was queued',
    'volley dead show evt_01JAB3W5X6Y7Z8 --json | jq -r .envelope',
  ],
  async run({ options, flags, operands }) {
    const [id] = operands;
    if (id === undefined || operands.length > 1)
      throw new VolleyError('VOLLEY_USAGE', 'volley dead show needs one id: volley dead list shows them');
    const letter = await withBroker(options, (broker) => findDead(broker, id));
    const envelope = letter.envelope.toString();
    await print(flags.json ? JSON.stringify({ ...reportOf(letter), envelope }) : forPeople(letter));
    return EXIT.done;
  },
});

function forPeople(letter: StoredDeadLetter): string {
  const { response } = letter;
  const facts: [string, string][] = [
    ['id', letter.key],
    ...(letter.key === letter.id ? [] : ([['event id', letter.id]] as [string, string][])),
    ['died', new Date(letter.diedAtMs).toISOString()],
    ['reason', letter.reason],
    ['detail', printable(letter.detail)],
    ['attempts', String(letter.attempts)],
    ['destination', letter.destination ?? '-'],
    ['url', letter.url ?? '-'],
    ['type', letter.type ?? '-'],
  ];
  const sections = [columns(facts)];
  if (response !== null) {
    const retryAfter = response.retryAfter === null ? '' : `, Retry-After: ${response.retryAfter}`;
    sections.push(
      `${heading('Last response:')} status ${response.status}${retryAfter}\n${printable(response.body)}`,
    );
  }
  sections.push(`${heading('Envelope:')}\n${printable(letter.envelope.toString())}`);
  return sections.join('\n\n');
}
