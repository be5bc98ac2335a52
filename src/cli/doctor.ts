/** `volley doctor`: looks for what keeps a worker on this machine from delivering well, with evidence and a fix for each. */
import { VolleyError } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { waitedFor } from './progress.ts';

export const command = defineCommand({
  scope: 'doctor',
  flags: {
    target: {
      kind: 'string',
      flag: 'target',
      value: 'URL',
      default: null,
      prefixes: ['https://', 'http://'],
      scopes: [],
      doc: 'also look at this receiver; it gets two HEAD requests',
    },
    destination: {
      kind: 'string',
      flag: 'destination',
      value: 'ID',
      default: null,
      scopes: [],
      doc: "whose settings in the --config file to call it by (ca, client certificate, source address, time-outs); by default those of the URL's origin",
    },
    json: { ...JSON_FLAG, doc: 'report as one JSON object, for programs: status, findings' },
  },
  operands: null,
  notes: [
    'Each line is a check: ✓ is well, ! should be looked at, ✗ must be mended, ? could not be read. Below what is not well stands what to do. The exit code is 1 when there is a ✗.',
    'It changes nothing, here or at the broker. Give it the options of your worker (--config serves both), and run it as the user of your worker; what only root may read is told as unread.',
    'With --target four connections are made to that host alone, as a worker would make them (the guard has to allow it), and two HEAD requests are sent, neither signed nor an event. The second has 6 KB of headers, which shows whether large packets arrive.',
  ],
  examples: [
    'volley doctor --broker redis://127.0.0.1:6379',
    '',
    '# Deliveries to one receiver fail',
    'volley doctor --target https://example.com/hooks',
    '',
    '# As the worker sees it, and only what is not well',
    `sudo -u www-data volley doctor --config /etc/webhook/volley.json --json | jq '.findings[] | select(.status != "ok")'`,
  ],
  async run({ options, flags }) {
    // Loaded late, so that help and complaints about flags do not wait for it.
    const { gatherFacts } = await import('./doctor-facts.ts');
    const { reportFindings } = await import('./doctor-report.ts');
    const { target: url, destination } = flags;
    if (url === null && destination !== null)
      throw new VolleyError(
        'VOLLEY_USAGE',
        '--destination says how to call a receiver: give --target URL, too',
      );
    const facts = await waitedFor(
      `looking at this machine and the broker${url === null ? '' : ', and calling the target'}`,
      gatherFacts(options, url === null ? null : { url, destination }),
    );
    return reportFindings(facts, flags.json);
  },
});
