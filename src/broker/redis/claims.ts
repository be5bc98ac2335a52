/** Claims on Redis: what a claim's script took, as deliveries under the current lease. */
import { VolleyError } from '../../errors.ts';
import type { Claim, Passing } from '../broker.ts';
import { ASIDE_MOST, LARGE_BYTES } from './claim-scripts.ts';
import type { ClaimReply, Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';
import type { Lease, Leases, RedisClaim } from './leases.ts';
import { unframe } from './record.ts';

/** Tokens are numbered with six digits within a lease and a millisecond. */
const TOKEN_NUMBERS = 1_000_000;

const PASSING_NONE: Passing = { destinations: [], onParked: () => {} };

/** Sends the script that claims under a lease; `limits` are its first arguments. Null when the lease has lapsed. */
type Take = (lease: Lease, limits: readonly (string | number)[]) => Promise<ClaimReply | null>;

export class Claims {
  readonly #redis: Connection;
  readonly #keys: QueueKeys;
  readonly #leases: Leases;
  #standingsVersion = 0;

  constructor(redis: Connection, keys: QueueKeys, leases: Leases) {
    this.#redis = redis;
    this.#keys = keys;
    this.#leases = leases;
  }

  /** What the last claim's reply said. */
  get standingsVersion(): number {
    return this.#standingsVersion;
  }

  reserve(maxCount: number, maxBytes: number, passing: Passing = PASSING_NONE): Promise<Claim[]> {
    const { ready, turns, waiting, served, version, delayed, delayedRecords, parked, changed } = this.#keys;
    const { destinations, onParked } = passing;
    const lists = destinations.map((destination) => this.#keys.park(destination));
    return this.#claim(maxCount, maxBytes, async ({ inFlight, heartbeat }, limits) => {
      const keys = [ready, turns, waiting, served, inFlight, heartbeat, version, delayed, delayedRecords];
      keys.push(parked, changed, ...lists);
      const reply = await this.#redis.volleyClaimBuffer(keys.length, ...keys, ...limits, ...destinations);
      const passed = reply?.[2] ?? [];
      for (let i = 0; i < passed.length; i += 2) onParked(String(passed[i]), Number(passed[i + 1]));
      return reply;
    });
  }

  reserveParked(destination: string, maxCount: number, maxBytes: number): Promise<Claim[]> {
    const { version, parked, disabled } = this.#keys;
    const list = this.#keys.park(destination);
    return this.#claim(maxCount, maxBytes, ({ inFlight, heartbeat }, limits) =>
      this.#redis.volleyClaimParkedBuffer(
        ...[list, inFlight, heartbeat, version, parked, disabled],
        ...limits,
        destination,
      ),
    );
  }

  /**
   * Claims; once more under a new lease when the current one has lapsed. Where that lapses as well it is a fault: no claims would
   * say that there is nothing, and of a destination whose parked deliveries are asked for, that none are left.
   */
  async #claim(maxCount: number, maxBytes: number, take: Take): Promise<Claim[]> {
    const once = () => this.#claimOnce(maxCount, maxBytes, take);
    const claims = (await once()) ?? (await once());
    if (claims !== null) return claims;
    throw new VolleyError(
      'VOLLEY_BROKER_UNAVAILABLE',
      'a new lease has ended before the claim that was to be under it: raise --lease, as Redis or this host is too slow for it',
    );
  }

  async #claimOnce(maxCount: number, maxBytes: number, take: Take): Promise<Claim[] | null> {
    const lease = await this.#leases.current();
    const base = this.#leases.tokenBase(lease);
    const first = lease.nextNumber;
    lease.nextNumber = (first + maxCount + ASIDE_MOST) % TOKEN_NUMBERS;
    let reply: ClaimReply | null;
    lease.pending++;
    try {
      reply = await take(lease, [maxCount, maxBytes, base, first]);
    } catch (error) {
      // The claim may have happened: what it took is found once this lease is let go.
      this.#leases.retire();
      throw error;
    } finally {
      lease.pending--;
    }
    if (reply === null) {
      this.#leases.retire();
      return null;
    }
    const [version, records] = reply;
    this.#standingsVersion = Number(version);
    lease.held += records.length;
    return records.map((record, i): RedisClaim => {
      const token = base + String((first + i) % TOKEN_NUMBERS).padStart(6, '0');
      const { attempts, mintedId, sequence, envelope } = unframe(record);
      const id = mintedId ?? `evt_${token}`;
      const isOrdered = sequence !== '';
      const isLarge = record.length >= LARGE_BYTES;
      return { token, mintedId: id, name: id + sequence, isOrdered, isLarge, attempts, envelope, lease };
    });
  }
}
