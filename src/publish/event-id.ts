/** Ids for events that come without one. */
import { randomBytes } from 'node:crypto';
import { idMint } from '../delivery/ids.ts';

/** A function that mints event ids: `evt_` and a ULID, each above the one before. */
export function eventIdMint(): () => string {
  const mint = idMint(Date.now, randomBytes);
  return () => `evt_${mint()}`;
}
