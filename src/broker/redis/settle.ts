/** Applies settlements on Redis: one command for each kind under each lease (parking: for each destination), all in one pipeline. */
import type { Settlement, SettleResult } from '../broker.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';
import type { Lease, RedisClaim } from './leases.ts';

/** The arguments of each kind's command, gathered for one lease. */
interface Gathered {
  ack: string[];
  /** Acknowledged, of those that may lie apart. */
  ackLarge: string[];
  /** Acknowledged, of those whose turn has to be passed on. */
  finish: string[];
  retry: (string | number)[];
  release: (string | number)[];
  dead: (string | number)[];
  /** By destination. */
  park: Map<string, (string | number)[]>;
}

export async function settleOn(
  redis: Connection,
  keys: QueueKeys,
  settlements: readonly Settlement[],
): Promise<SettleResult> {
  const byLease = new Map<Lease, Gathered>();
  for (const settlement of settlements) {
    const { lease } = settlement.claim as RedisClaim;
    let gathered = byLease.get(lease);
    if (gathered === undefined) {
      gathered = { ack: [], ackLarge: [], finish: [], retry: [], release: [], dead: [], park: new Map() };
      byLease.set(lease, gathered);
    }
    gather(gathered, settlement);
  }
  const sent: Promise<number>[] = [];
  for (const [lease, gathered] of byLease) sent.push(...send(redis, keys, lease, gathered));
  const held = await Promise.all(sent);
  for (const settlement of settlements) (settlement.claim as RedisClaim).lease.held--;
  return { late: settlements.length - held.reduce((sum, count) => sum + count, 0) };
}

function gather(gathered: Gathered, settlement: Settlement): void {
  const claim = settlement.claim as RedisClaim;
  switch (settlement.kind) {
    case 'ack':
      (claim.isOrdered ? gathered.finish : claim.isLarge ? gathered.ackLarge : gathered.ack).push(
        claim.token,
      );
      break;
    case 'retry':
      gathered.retry.push(claim.token, Math.ceil(settlement.delayMs), settlement.attempts, claim.name);
      break;
    case 'release':
      gathered.release.push(claim.token, claim.attempts, claim.name);
      break;
    case 'dead':
      gathered.dead.push(
        claim.token,
        settlement.letter.id,
        settlement.letter.diedAtMs,
        JSON.stringify(settlement.letter),
      );
      break;
    case 'park': {
      const { destination } = settlement;
      const park = gathered.park.get(destination) ?? [];
      gathered.park.set(destination, park);
      park.push(claim.token, claim.attempts, claim.name);
      break;
    }
    default:
      settlement satisfies never;
  }
}

/**
 * Sends what was gathered, in one write (the client joins what is sent in one tick). Each command answers how many were
 * still held.
 */
function send(redis: Connection, keys: QueueKeys, lease: Lease, gathered: Gathered): Promise<number>[] {
  const { inFlight } = lease;
  const { ready, turns, waiting, served, parked, version, changed } = keys;
  const inTurn = [inFlight, ready, turns, waiting, served];
  const { ack, ackLarge, finish, retry, release, dead } = gathered;
  const counts: Promise<number>[] = [];
  if (ack.length > 0) counts.push(redis.hdel(inFlight, ...ack));
  if (ackLarge.length > 0) {
    const lists = ackLarge.map((token) => `${inFlight}:${token}`);
    counts.push(redis.volleyAckLarge(1 + lists.length, inFlight, ...lists, ...ackLarge));
  }
  if (finish.length > 0) counts.push(redis.volleyFinish(...inTurn, ...finish));
  if (retry.length > 0) counts.push(redis.volleyRetry(inFlight, keys.delayed, keys.delayedRecords, ...retry));
  if (release.length > 0) counts.push(redis.volleyRelease(...inTurn, ...release));
  if (dead.length > 0)
    counts.push(redis.volleyDie(...inTurn, keys.dead, keys.deadEnvelopes, keys.deadLetters, ...dead));
  for (const [destination, park] of gathered.park) {
    const list = keys.park(destination);
    counts.push(redis.volleyPark(inFlight, parked, list, version, changed, destination, ...park));
  }
  return counts;
}
