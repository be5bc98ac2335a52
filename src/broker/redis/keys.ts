/**
 * The keys of a queue. Producers know the list; everything else is Volley's own and shares the list's cluster slot
 * through the hash tag.
 */
export interface QueueKeys {
  /** LIST of envelopes: producers LPUSH, Volley takes from the right. */
  readonly ready: string;
  /** SET of the lease ids whose in-flight hashes may hold something. */
  readonly leases: string;
  /** ZSET of tokens scored by when their retry is due, in epoch milliseconds of the Redis clock. */
  readonly delayed: string;
  /** HASH token → record of what is delayed. */
  readonly delayedRecords: string;
  /** ZSET of dead-letter keys scored by when they died, in epoch milliseconds. */
  readonly dead: string;
  /** HASH dead-letter key → envelope. */
  readonly deadEnvelopes: string;
  /** HASH dead-letter key → letter as JSON. */
  readonly deadLetters: string;
  /** HASH destination → why and since when it is disabled, as JSON. */
  readonly disabled: string;
  /** HASH destination → its block: kind or `probing`, end in epoch milliseconds of the Redis clock, times opened. */
  readonly blocks: string;
  /** STRING: version of the standings, of what is disabled, blocked or parked for. */
  readonly version: string;
  /** ZSET of destinations scored by the version of their last change; those that changed last. */
  readonly changed: string;
  /** HASH destination → length of its list of parked records; no field for an empty one. */
  readonly parked: string;
  /** LIST of the records parked for a destination: in at the left, out at the right, as the ready list. */
  park(destination: string): string;
  /** HASH sequence → minted id of the delivery whose turn it is, and the numbers of what is set aside behind it. */
  readonly turns: string;
  /** HASH sequence and number → record of what is set aside until its turn comes. */
  readonly waiting: string;
  /** SET of the sequences whose turn waits in the ready list. */
  readonly served: string;
  /** STRING: when the rate limit of a destination allows a whole burst again; gone once it does. */
  rate(destination: string): string;
  /** HASH token → record of what is claimed under a lease. */
  inFlight(lease: string): string;
  /** STRING that exists as long as the lease is renewed. */
  heartbeat(lease: string): string;
}

export function queueKeys(queue: string): QueueKeys {
  const tag = `{${queue}}`;
  return {
    ready: queue,
    leases: `${tag}:leases`,
    delayed: `${tag}:delayed`,
    delayedRecords: `${tag}:delayed:records`,
    dead: `${tag}:dead`,
    deadEnvelopes: `${tag}:dead:envelopes`,
    deadLetters: `${tag}:dead:letters`,
    disabled: `${tag}:disabled`,
    blocks: `${tag}:blocks`,
    version: `${tag}:version`,
    changed: `${tag}:changed`,
    parked: `${tag}:parked`,
    park: (destination) => `${tag}:park:${destination}`,
    turns: `${tag}:turns`,
    waiting: `${tag}:turns:waiting`,
    served: `${tag}:turns:ready`,
    rate: (destination) => `${tag}:rate:${destination}`,
    inFlight: (lease) => `${tag}:inflight:${lease}`,
    heartbeat: (lease) => `${tag}:hb:${lease}`,
  };
}
