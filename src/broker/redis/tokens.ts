/** Rate limits on Redis: one bucket for each destination, shared by all workers. */
import type { TokenGrant, TokenWish } from '../broker.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';

/** The key goes when the bucket is full again. */
export async function rateDebtMs(redis: Connection, keys: QueueKeys, destination: string): Promise<number> {
  return Math.max(0, await redis.pttl(keys.rate(destination)));
}

/** All wishes in one pipeline (the client joins what is sent in one tick), answered in their order. */
export function takeTokens(
  redis: Connection,
  keys: QueueKeys,
  wishes: readonly TokenWish[],
): Promise<TokenGrant[]> {
  return Promise.all(
    wishes.map(async ({ destination, count, perSecond, burst }) => {
      const [granted, waitMs] = await redis.volleyTakeTokens(keys.rate(destination), count, perSecond, burst);
      return { count: granted, waitMs };
    }),
  );
}
