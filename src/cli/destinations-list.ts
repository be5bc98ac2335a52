/** `volley destinations list`: what is disabled, blocked, or has something parked. */
import type { Standing } from '../broker/broker.ts';
import { EXIT } from '../errors.ts';
import { defineCommand, JSON_FLAG } from './command.ts';
import { allStandings, reportOf, STATES, sinceText, stateOf, stateText } from './destination-standing.ts';
import { withBroker } from './existing-broker.ts';
import { columns, note, print, printable } from './terminal.ts';

export const command = defineCommand({
  scope: 'destinations',
  flags: {
    state: {
      kind: 'choice',
      flag: 'state',
      value: 'STATE',
      default: null,
      choices: STATES,
      scopes: [],
      doc: 'only those in this state; enabled are those that have something parked still',
    },
    limit: {
      kind: 'integer',
      flag: 'limit',
      value: 'N',
      default: 100,
      min: 1,
      max: 10_000_000,
      unit: 'destinations',
      scopes: [],
      doc: 'most that are listed',
    },
    json: { ...JSON_FLAG, doc: 'one JSON object a line, for programs' },
  },
  operands: null,
  notes: [
    'A destination is disabled when its receiver answers 410 Gone, by volley destinations disable, or in the config file: until it is enabled. Its breaker is open when it has failed again and again: until a probe succeeds. It is paused when it has asked for that (Retry-After): until the time it gave is over.',
    'What is for it meanwhile is parked, none is lost, and workers deliver it afterwards, at the pace the destination takes it. All others are not listed.',
    'A destination is what events name as theirs, or else the origin of their URL.',
  ],
  examples: [
    'volley destinations list',
    '',
    '# Those that fail at present',
    'volley destinations list --state open',
    '',
    '# Those for which the most is parked',
    "volley destinations list --limit 1000000 --json | jq -s 'sort_by(-.parked)[:10]'",
  ],
  async run({ options, flags: { state, limit, json } }) {
    const standings = await withBroker(options, allStandings);
    const chosen = state === null ? standings : standings.filter((each) => stateOf(each) === state);
    const listed = chosen.slice(0, limit);
    if (json) for (const each of listed) await print(JSON.stringify(reportOf(each)));
    else await print(listed.length === 0 ? noneText(state) : columns([HEAD, ...listed.map(rowOf)]));
    if (listed.length < chosen.length)
      note(`there are ${chosen.length}: raise --limit${state === null ? ', or give --state' : ''}`);
    return EXIT.done;
  },
});

const HEAD = ['DESTINATION', 'STATE', 'SINCE', 'PARKED'];

function rowOf(standing: Standing): (string | number)[] {
  const { destination, parked } = standing;
  return [printable(destination), stateText(standing), sinceText(standing) ?? '-', parked];
}

function noneText(state: string | null): string {
  return state === null ? 'no destination is disabled, blocked, or has anything parked' : 'none';
}
