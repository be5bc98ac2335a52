/**
 * The rate limits of destinations in a SQLite file, which all workers share: the generic cell rate algorithm
 * (ITU-T I.371). All that is kept of a destination is when it would be at rest if nothing more were sent. In
 * any `t` seconds at most `burst + perSecond × t` are granted. Writes run inside a transaction of the caller's.
 *
 * Time is that since boot: a limit must hold when the wall clock jumps. After a reboot it starts anew, and what is
 * then too far ahead counts as a burst that has just been sent.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { TokenGrant, TokenWish } from '../broker.ts';
import { uptimeMs } from './uptime.ts';

/** Bounds what rounding may take from a whole number of grants; nothing adds up, as times are kept as they are. */
const ROUNDING = 1e-6;
/** Destinations at rest that are forgotten in one transaction. */
const FORGOTTEN_AT_ONCE = 1_000;

export class Rates {
  readonly #get: StatementSync;
  readonly #set: StatementSync;
  readonly #anyAtRest: StatementSync;
  readonly #forget: StatementSync;

  constructor(db: DatabaseSync) {
    this.#get = db.prepare('SELECT arrival_ms FROM rates WHERE destination = ?');
    this.#set = db.prepare(`
      INSERT INTO rates (destination, arrival_ms) VALUES (?, ?)
      ON CONFLICT (destination) DO UPDATE SET arrival_ms = excluded.arrival_ms`);
    this.#anyAtRest = db.prepare('SELECT 1 FROM rates WHERE arrival_ms <= ? LIMIT 1');
    this.#forget = db.prepare(`
      DELETE FROM rates
      WHERE destination IN (SELECT destination FROM rates WHERE arrival_ms <= ? LIMIT ${FORGOTTEN_AT_ONCE})`);
  }

  take(wishes: readonly TokenWish[]): TokenGrant[] {
    const nowMs = uptimeMs();
    return wishes.map((wish) => {
      const { grant, aheadMs } = granted(wish, this.debtMs(wish.destination, nowMs));
      this.#set.run(wish.destination, nowMs + aheadMs);
      return grant;
    });
  }

  /** In how long a destination will be at rest. */
  debtMs(destination: string, nowMs = uptimeMs()): number {
    const row = this.#get.get(destination) as { arrival_ms: number } | undefined;
    return Math.max(0, (row?.arrival_ms ?? nowMs) - nowMs);
  }

  anyAtRest(): boolean {
    return this.#anyAtRest.get(uptimeMs()) !== undefined;
  }

  /** Forgets some that are at rest: what is not known is at rest. */
  forget(): void {
    this.#forget.run(uptimeMs());
  }
}

/** What is granted to a destination that will be at rest in `aheadMs`, and when it will be then. */
export function granted(
  { count, perSecond, burst }: TokenWish,
  aheadMs: number,
): { grant: TokenGrant; aheadMs: number } {
  const intervalMs = 1_000 / perSecond;
  // Further ahead than a burst: from before a reboot, or under another limit.
  const ahead = Math.min(aheadMs / intervalMs, burst);
  const taken = Math.min(count, Math.floor(burst - ahead + ROUNDING));
  const waitMs = taken === count ? 0 : Math.ceil((ahead + taken + 1 - burst) * intervalMs);
  return { grant: { count: taken, waitMs }, aheadMs: (ahead + taken) * intervalMs };
}
