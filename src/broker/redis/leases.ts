/**
 * The leases of one worker on Redis: which in-flight hash a claim goes to, and which hashes are still kept alive.
 *
 * Normally there is one lease, from start to stop. It is retired, and a new one opened, when the reply to a claim is
 * lost: what that claim took sits in the old hash, unknown to this worker. The retired lease is renewed until all
 * that is known under it is settled; then its heartbeat is deleted, and the next reclaim finds the rest.
 */
import type { Claim } from '../broker.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';

export interface Lease {
  readonly id: string;
  readonly inFlight: string;
  readonly heartbeat: string;
  /** Claims whose reply is awaited. */
  pending: number;
  /** Deliveries claimed and not yet settled. */
  held: number;
  /** The number of the next token. */
  nextNumber: number;
}

/** A claim that knows the lease it is held under, and what its record's frame calls it (record.ts). */
export interface RedisClaim extends Claim {
  readonly name: string;
  readonly isOrdered: boolean;
  /** Whether its record may lie apart (claim-scripts.ts). */
  readonly isLarge: boolean;
  readonly lease: Lease;
}

export class Leases {
  readonly #redis: Connection;
  readonly #keys: QueueKeys;
  readonly #leaseMs: number;
  readonly #mintToken: () => string;
  #current: Promise<Lease> | null = null;
  readonly #live = new Set<Lease>();

  constructor(redis: Connection, keys: QueueKeys, leaseMs: number, mintToken: () => string) {
    this.#redis = redis;
    this.#keys = keys;
    this.#leaseMs = leaseMs;
    this.#mintToken = mintToken;
  }

  /** The lease that claims go under, opened if there is none. */
  current(): Promise<Lease> {
    this.#current ??= this.#open().catch((error) => {
      this.#current = null;
      throw error;
    });
    return this.#current;
  }

  /** What names the tokens of one claim: the time, and what is unique to the lease. */
  tokenBase(lease: Lease): string {
    return this.#mintToken().slice(0, 10) + lease.id.slice(-10);
  }

  /** Later claims go under a new lease. */
  retire(): void {
    this.#current = null;
  }

  /** Renews every lease still needed and lets go of the others. False when one under which something is held had lapsed. */
  async renew(): Promise<boolean> {
    const current = await this.current();
    let alive = true;
    for (const lease of this.#live) {
      if (lease !== current && lease.pending === 0 && lease.held <= 0) {
        await this.#redis.del(lease.heartbeat);
        this.#live.delete(lease);
      } else if ((await this.#redis.pexpire(lease.heartbeat, this.#leaseMs)) === 0) {
        this.#live.delete(lease);
        if (lease === current) this.#current = null;
        if (lease === current || lease.held > 0) alive = false;
      }
    }
    return alive;
  }

  /** Deletes the heartbeats, so that whatever is left is reclaimed at once. */
  async end(): Promise<void> {
    const heartbeats = [...this.#live].map((lease) => lease.heartbeat);
    this.#live.clear();
    this.#current = null;
    if (heartbeats.length > 0) await this.#redis.del(...heartbeats);
  }

  async #open(): Promise<Lease> {
    const id = this.#mintToken();
    const lease: Lease = {
      id,
      inFlight: this.#keys.inFlight(id),
      heartbeat: this.#keys.heartbeat(id),
      pending: 0,
      held: 0,
      nextNumber: 0,
    };
    await this.#redis.volleyOpenLease(lease.heartbeat, this.#keys.leases, id, this.#leaseMs);
    this.#live.add(lease);
    return lease;
  }
}
