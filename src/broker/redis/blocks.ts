/** Blocks of destinations on Redis, and who may probe. */
import { type Block, PAUSE_KEPT_MS, type ProbeAnswer } from '../broker.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';

/**
 * A block as the blocks hash holds it; its end in epoch milliseconds of the Redis clock. `probing` is an open one that somebody may
 * probe, and its end is when another one may.
 */
const BLOCK = /^(open|paused|probing) (\d+) (\d+)$/;

/** Blocks looked at in one go for pauses that are long over: about so many, as SCAN has it. */
const LOOKED_AT = 200;

export async function block(
  redis: Connection,
  { blocks, version, changed }: QueueKeys,
  destination: string,
  { kind, forMs, opened }: Block,
): Promise<void> {
  await redis.volleyBlock(blocks, version, changed, destination, kind, Math.ceil(forMs), opened);
}

export async function unblock(
  redis: Connection,
  { blocks, version, changed }: QueueKeys,
  destination: string,
): Promise<void> {
  await redis.volleyUnblock(blocks, version, changed, destination);
}

export async function askProbe(
  redis: Connection,
  { blocks }: QueueKeys,
  destination: string,
  forMs: number,
): Promise<ProbeAnswer> {
  const [kind, leftMs] = await redis.volleyAskProbe(blocks, destination, Math.ceil(forMs));
  return kind === 'refused' ? { kind, forMs: leftMs } : { kind };
}

/** Forgets pauses that are long over, among some of the blocks; answers the cursor to go on with. */
export async function endPauses(
  redis: Connection,
  { blocks, version, changed }: QueueKeys,
  cursor: string,
): Promise<string> {
  const [next, flat] = await redis.hscan(blocks, cursor, 'COUNT', LOOKED_AT);
  const paused = flat.filter((_, i) => i % 2 === 0 && flat[i + 1]!.startsWith('paused '));
  if (paused.length > 0) await redis.volleyEndPauses(blocks, version, changed, PAUSE_KEPT_MS, ...paused);
  return next;
}

/** What a field of the blocks hash says at a time of the Redis clock; null where there is none. */
export function blockAt(field: string | undefined, nowMs: number): Block | null {
  const match = BLOCK.exec(field ?? '');
  if (match === null) return null;
  const kind = match[1] === 'paused' ? 'paused' : 'open';
  return { kind, forMs: Math.max(0, Number(match[2]) - nowMs), opened: Number(match[3]) };
}
