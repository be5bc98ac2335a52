/**
 * Who holds claims, and until when. All methods run inside a transaction of the caller's.
 *
 * Leases are timed by the machine's time since boot. After a reboot that starts anew, so a lease that ends further ahead
 * than it can last is from before.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { uptimeMs } from './uptime.ts';

const LIVE = '(expires_ms > ?1 AND expires_ms <= ?1 + lease_ms)';

export class Leases {
  readonly #leaseMs: number;
  readonly #insert: StatementSync;
  readonly #renew: StatementSync;
  readonly #live: StatementSync;
  readonly #anyLapsed: StatementSync;
  readonly #returnClaims: StatementSync;
  readonly #deleteClaims: StatementSync;
  readonly #deleteLapsed: StatementSync;
  /** This worker's lease; null before its first claim and after a lapse. */
  #lease: number | null = null;

  constructor(db: DatabaseSync, leaseMs: number) {
    this.#leaseMs = leaseMs;
    const lapsed = `SELECT lease FROM leases WHERE NOT ${LIVE}`;
    this.#insert = db.prepare(
      'INSERT INTO leases (expires_ms, lease_ms) VALUES (?1 + ?2, ?2) RETURNING lease',
    );
    this.#renew = db.prepare(
      `UPDATE leases SET expires_ms = ?1 + lease_ms WHERE lease = ?2 AND ${LIVE} RETURNING lease`,
    );
    this.#live = db.prepare(`SELECT lease FROM leases WHERE lease = ?2 AND ${LIVE}`);
    this.#anyLapsed = db.prepare(`${lapsed} LIMIT 1`);
    this.#returnClaims = db.prepare(
      `INSERT INTO returned (seq, attempts) SELECT seq, attempts FROM claims WHERE lease IN (${lapsed})`,
    );
    this.#deleteClaims = db.prepare(`DELETE FROM claims WHERE lease IN (${lapsed})`);
    this.#deleteLapsed = db.prepare(`DELETE FROM leases WHERE NOT ${LIVE}`);
  }

  /** The lease that claims go under; a new one if there is none or it has lapsed. */
  current(): number {
    const nowMs = wholeUptimeMs();
    if (this.#lease === null || this.#live.get(nowMs, this.#lease) === undefined)
      this.#lease = (this.#insert.get(nowMs, this.#leaseMs) as { lease: number }).lease;
    return this.#lease;
  }

  /** Renews the lease. False when it had lapsed. */
  renew(): boolean {
    if (this.#lease === null || this.#renew.get(wholeUptimeMs(), this.#lease) !== undefined) return true;
    this.#lease = null;
    return false;
  }

  anyLapsed(): boolean {
    return this.#anyLapsed.get(wholeUptimeMs()) !== undefined;
  }

  /** Makes ready again what is held under lapsed leases; answers how many deliveries. */
  reclaim(): number {
    const nowMs = wholeUptimeMs();
    this.#returnClaims.run(nowMs);
    const { changes } = this.#deleteClaims.run(nowMs);
    this.#deleteLapsed.run(nowMs);
    return Number(changes);
  }
}

function wholeUptimeMs(): number {
  return Math.floor(uptimeMs());
}
