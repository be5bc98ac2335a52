/** The flags of the scale scenario. */
import { integer, integers, readFlags } from '../flags.ts';
import type { CommonFlags } from '../scenario.ts';

export interface ScaleFlags extends CommonFlags {
  readonly queued: readonly number[];
  readonly destinations: readonly number[];
  readonly hosts: readonly number[];
  readonly rounds: number;
  readonly bodyBytes: number;
}

const QUEUED = [10_000, 100_000, 1_000_000];
const DESTINATIONS = [10, 1_000, 100_000];
const HOSTS = [10, 1_000, 10_000];
const ROUNDS = 3;
const BODY_BYTES = 1_024;
const QUICK = { queued: [500, 2_000], destinations: [10, 200], hosts: [50], rounds: 1 };
/** Each host is two of the warm-up's deliveries: more would take longer than what is measured. */
const MOST_HOSTS = 100_000;

/** Throws VOLLEY_USAGE with a line that names the flag. */
export function parseFlags(args: readonly string[]): ScaleFlags {
  const values = readFlags(args, {
    help: { type: 'boolean' },
    json: { type: 'boolean' },
    quick: { type: 'boolean' },
    queued: { type: 'string' },
    destinations: { type: 'string' },
    hosts: { type: 'string' },
    rounds: { type: 'string' },
    'body-bytes': { type: 'string' },
  });
  const { help = false, json = false, quick = false } = values;
  const usual = quick ? QUICK : { queued: QUEUED, destinations: DESTINATIONS, hosts: HOSTS, rounds: ROUNDS };
  return {
    help,
    json,
    quick,
    queued: integers('queued', values.queued, 200, 10_000_000) ?? usual.queued,
    destinations: integers('destinations', values.destinations, 1, 1_000_000) ?? usual.destinations,
    hosts: integers('hosts', values.hosts, 1, MOST_HOSTS) ?? usual.hosts,
    rounds: integer('rounds', values.rounds, 1, 100) ?? usual.rounds,
    bodyBytes: integer('body-bytes', values['body-bytes'], 600, 65_536) ?? BODY_BYTES,
  };
}

export const HELP = `Usage: npm run -s bench -- scale [flags]

What a delivery costs Volley and Redis, and Volley's memory, by how many deliveries are queued, by
the number of destinations (ids of their own, at a few hosts), and by the number of hosts
(addresses of 127.0.0.0/8). All that is queued is delivered.

  --queued LIST         deliveries queued, 200 to 10000000 (default: ${QUEUED.join(',')})
  --destinations LIST   destinations, 1 to 1000000 (default: ${DESTINATIONS.join(',')})
  --hosts LIST          hosts, 1 to ${MOST_HOSTS} (default: ${HOSTS.join(',')})
  --rounds N            rounds of all (default: ${ROUNDS})
  --body-bytes N        size of the payload's JSON (default: ${BODY_BYTES})
  --quick               small numbers: shows that it works, measures nothing
  --json                one JSON object on standard output

A million queued take some 1.5 GB of memory for Redis, and as much of disk for its log.

Examples:
  npm run -s bench -- scale
  npm run -s bench -- scale --queued 10000,10000000 --destinations 10 --hosts 10 --rounds 1
  npm run -s bench -- scale --json > scale.json
`;
