/** Which dead letters a command is about: what the four `dead` commands share. */
import type { Broker, DeadFilter } from '../broker/broker.ts';
import type { ValuesOf } from '../config/option-spec.ts';
import { parseDuration } from '../config/values.ts';
import { parseTimestamp } from '../delivery/fields.ts';
import type { DeadReason } from '../delivery/outcome.ts';
import { VolleyError } from '../errors.ts';

/** A table and not a list, so that the compiler names the one that is missing. */
const REASONS = {
  exhausted: true,
  rejected: true,
  poison: true,
  expired: true,
  'url-refused': true,
  'not-json': true,
  'invalid-envelope': true,
  'body-too-large': true,
} satisfies Record<DeadReason, true>;

export const FILTER_FLAGS = {
  destination: {
    kind: 'string',
    flag: 'destination',
    value: 'ID',
    default: null,
    scopes: [],
    doc: 'only those of this destination',
  },
  reason: {
    kind: 'choice',
    flag: 'reason',
    value: 'REASON',
    default: null,
    choices: Object.keys(REASONS) as readonly DeadReason[],
    scopes: [],
    doc: 'only those that died of this',
  },
  since: {
    kind: 'string',
    flag: 'since',
    value: 'TIME',
    default: null,
    scopes: [],
    doc: 'only those that died at this time or later: ISO 8601 with an offset, or how long ago, such as 2h',
  },
  until: {
    kind: 'string',
    flag: 'until',
    value: 'TIME',
    default: null,
    scopes: [],
    doc: 'only those that died before this time, written likewise',
  },
} as const;

/** The flag that says "every one", which the commands that change something ask for. */
export const ALL_FLAG = {
  kind: 'boolean',
  flag: 'all',
  default: false,
  scopes: [],
  doc: 'every dead letter there is',
} as const;

type FilterValues = ValuesOf<typeof FILTER_FLAGS>;

/** The filter that the flags describe. Throws VOLLEY_USAGE for a time that is none. */
export function filterOf(flags: FilterValues, nowMs: number): DeadFilter {
  const { destination, reason } = flags;
  const sinceMs = timeOf('since', flags.since, nowMs);
  const untilMs = timeOf('until', flags.until, nowMs);
  return {
    ...(destination !== null && { destination }),
    ...(reason !== null && { reason }),
    ...(sinceMs !== null && { sinceMs }),
    ...(untilMs !== null && { untilMs }),
  };
}

/**
 * What a command that changes dead letters is to change: the ids given, or what the filter matches, or all. Leaves out
 * those that die from now on: a letter that is replayed and dies again is not replayed for ever.
 * Throws VOLLEY_USAGE when nothing says which, or two things do; VOLLEY_NOT_FOUND for an id there is none of.
 */
export async function chosen(
  broker: Broker,
  ids: readonly string[],
  flags: FilterValues & { readonly all: boolean },
  nowMs: number,
): Promise<DeadFilter> {
  if (ids.length === 0) return { untilMs: nowMs, ...filterOf(flags, nowMs) };
  for (const id of ids) await findDead(broker, id);
  return { ids };
}

/** Throws VOLLEY_USAGE unless exactly one of ids, filter and `--all` says which dead letters are meant. */
export function checkChoice(
  name: string,
  ids: readonly string[],
  flags: FilterValues & { readonly all: boolean },
): void {
  const filtered = Object.keys(filterOf(flags, 0)).length > 0;
  const ways = [ids.length > 0, filtered, flags.all].filter((way) => way).length;
  if (ways === 1) return;
  const problem =
    ways === 0 ? 'needs to know which dead letters' : 'takes only one way to say which dead letters';
  throw new VolleyError(
    'VOLLEY_USAGE',
    `volley ${name} ${problem}: give their ids, or filters (--destination, --reason, --since, --until), or --all`,
  );
}

/** The dead letter with this id. Throws VOLLEY_NOT_FOUND. */
export async function findDead(broker: Broker, id: string) {
  const [letter] = await broker.listDead({ ids: [id] }, 1);
  if (letter !== undefined) return letter;
  throw new VolleyError(
    'VOLLEY_NOT_FOUND',
    `there is no dead letter ${JSON.stringify(id)}: volley dead list shows those there are`,
  );
}

function timeOf(flag: string, text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  const agoMs = parseDuration(text);
  const timeMs = agoMs === null ? parseTimestamp(text) : nowMs - agoMs;
  if (timeMs !== null) return timeMs;
  throw new VolleyError(
    'VOLLEY_USAGE',
    `--${flag} is ${JSON.stringify(text)}: give a time such as 2026-11-23T18:00:00Z, or how long ago, such as 2h`,
  );
}
