/** `volley publish`: one event from flags, or a stream of NDJSON envelopes from standard input. */
import { VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { EVENT_FLAGS, type EventFlags } from './event-flags.ts';

export const command = defineCommand({
  scope: 'publish',
  flags: { ...EVENT_FLAGS, json: JSON_FLAG },
  operands: null,
  notes: [
    'With --url: publishes that event and prints its id. Without: reads envelopes from standard input, one JSON object a line.',
    'A line that is no envelope is reported with its number, the others are published, and the exit code is 1.',
    'Members that an envelope does not have are left out; where one was perhaps meant for another (expires_at for expiresAt), that is told.',
  ],
  examples: [
    `volley publish --url https://example.com/hooks --type order.updated --payload '{"id":7}'`,
    '',
    '# The payload from a file, and an id of your own',
    'volley publish --url https://example.com/hooks --type order.updated --payload @order.json --id order-7',
    '',
    '# In ten minutes, or as soon as can be within the hour after that, or not at all',
    `volley publish --url https://example.com/hooks --type digest.daily --payload '{}' \\`,
    '  --deliver-at 10m --expires-at 70m',
    '',
    `echo '{"url":"https://example.com/hooks","type":"order.updated","payload":{"id":7}}' | volley publish`,
    'volley publish --broker redis://127.0.0.1:6379 < events.ndjson',
  ],
  async run({ options, flags }) {
    const { json, ...event } = flags;
    if (event.url !== null) {
      const { publishOne } = await import('./publish-one.ts');
      return publishOne(options, event as EventFlags & { url: string }, json);
    }
    const given = Object.values(EVENT_FLAGS).find(({ flag }) => isGiven(event[flag]));
    if (given !== undefined)
      throw new VolleyError(
        'VOLLEY_USAGE',
        `--${given.flag} needs --url: without it, events come from standard input`,
      );
    if (process.stdin.isTTY)
      throw new VolleyError(
        'VOLLEY_USAGE',
        'nothing to publish: give --url and --type, or NDJSON envelopes on standard input (volley publish < FILE)',
      );
    const { publishStream } = await import('./publish-stream.ts');
    return publishStream(options, json);
  },
});

function isGiven(value: string | readonly string[] | null): boolean {
  return value !== null && value.length > 0;
}
