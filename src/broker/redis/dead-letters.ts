/** Dead letters on Redis: walked in the order they died, filtered here. */
import type { DeadLetter } from '../../delivery/outcome.ts';
import type { DeadFilter, StoredDeadLetter } from '../broker.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';

/** Dead letters read, replayed or deleted at a time: keeps each command well below a millisecond's stall for others. */
const STEP = 200;

/** The dead-letter keys that match, in the order they died, a step at a time. */
async function* matching(
  redis: Connection,
  keys: QueueKeys,
  filter: DeadFilter,
): AsyncGenerator<{ key: string; letter: DeadLetter }[]> {
  for await (const candidates of candidateKeys(redis, keys, filter)) {
    const letters = await redis.hmget(keys.deadLetters, ...candidates);
    const matches: { key: string; letter: DeadLetter }[] = [];
    for (const [i, key] of candidates.entries()) {
      const text = letters[i];
      if (text == null) continue;
      const letter = JSON.parse(text) as DeadLetter;
      if (passes(letter, filter)) matches.push({ key, letter });
    }
    if (matches.length > 0) yield matches;
  }
}

/** Keys worth looking at, in the order they died. */
async function* candidateKeys(
  redis: Connection,
  keys: QueueKeys,
  filter: DeadFilter,
): AsyncGenerator<string[]> {
  const from = filter.sinceMs ?? '-inf';
  const to = filter.untilMs === undefined ? '+inf' : `(${filter.untilMs}`;
  // All keys first: callers remove what they are given, which would shift the ranks under a walk by offset.
  const all =
    filter.ids === undefined
      ? await redis.zrangebyscore(keys.dead, from, to)
      : await inOrderOfDeath(redis, keys, filter.ids);
  for (let i = 0; i < all.length; i += STEP) yield all.slice(i, i + STEP);
}

/** Those of the ids that are dead letters, each once. */
async function inOrderOfDeath(redis: Connection, keys: QueueKeys, ids: readonly string[]): Promise<string[]> {
  const unique = [...new Set(ids)];
  const diedAt = unique.length === 0 ? [] : await redis.zmscore(keys.dead, ...unique);
  return unique
    .map((id, i) => ({ id, diedAtMs: diedAt[i] }))
    .filter(({ diedAtMs }) => diedAtMs != null)
    .sort((a, b) => Number(a.diedAtMs) - Number(b.diedAtMs))
    .map(({ id }) => id);
}

function passes(letter: DeadLetter, filter: DeadFilter): boolean {
  return (
    (filter.destination === undefined || letter.destination === filter.destination) &&
    (filter.reason === undefined || letter.reason === filter.reason) &&
    (filter.sinceMs === undefined || letter.diedAtMs >= filter.sinceMs) &&
    (filter.untilMs === undefined || letter.diedAtMs < filter.untilMs)
  );
}

export async function listDead(
  redis: Connection,
  keys: QueueKeys,
  filter: DeadFilter,
  limit: number,
): Promise<StoredDeadLetter[]> {
  const listed: StoredDeadLetter[] = [];
  for await (const matches of matching(redis, keys, filter)) {
    const wanted = matches.slice(0, limit - listed.length);
    if (wanted.length === 0) break;
    const envelopes = await redis.hmgetBuffer(keys.deadEnvelopes, ...wanted.map(({ key }) => key));
    for (const [i, { key, letter }] of wanted.entries()) {
      const envelope = envelopes[i];
      if (envelope != null) listed.push({ ...letter, key, envelope });
    }
  }
  return listed;
}

export function replayDead(
  redis: Connection,
  keys: QueueKeys,
  filter: DeadFilter,
  limit: number,
): Promise<number> {
  return applyTo(redis, keys, filter, limit, (batch) =>
    redis.volleyReplay(keys.dead, keys.deadEnvelopes, keys.deadLetters, keys.ready, ...batch),
  );
}

export function discardDead(
  redis: Connection,
  keys: QueueKeys,
  filter: DeadFilter,
  limit: number,
): Promise<number> {
  return applyTo(redis, keys, filter, limit, (batch) =>
    redis.volleyDiscard(keys.dead, keys.deadEnvelopes, keys.deadLetters, ...batch),
  );
}

async function applyTo(
  redis: Connection,
  keys: QueueKeys,
  filter: DeadFilter,
  limit: number,
  apply: (batch: string[]) => Promise<number>,
): Promise<number> {
  let applied = 0;
  for await (const matches of matching(redis, keys, filter)) {
    const batch = matches.slice(0, limit - applied).map(({ key }) => key);
    if (batch.length === 0) break;
    applied += await apply(batch);
  }
  return applied;
}
