/** The connections to Redis, and the scripts as commands on them. */
import { Redis, type RedisOptions } from 'ioredis';
import { VolleyError } from '../../errors.ts';
import { replyCode } from './faults.ts';
import { DISABLE, DISABLED, PARK, UNPARK } from './park-scripts.ts';
import {
  CLAIM,
  DIE,
  DISCARD,
  NEXT_DUE,
  OPEN_LEASE,
  RECLAIM,
  RELEASE,
  REPLAY,
  RETRY,
  STATS,
} from './scripts.ts';

type Arg = string | number | Buffer;

/** What the scripts add to the client, each called with its KEYS and then its ARGV. */
export interface ScriptCommands {
  volleyClaimBuffer(...args: Arg[]): Promise<Buffer[] | null>;
  volleyRetry(...args: Arg[]): Promise<number>;
  volleyRelease(...args: Arg[]): Promise<number>;
  volleyDie(...args: Arg[]): Promise<number>;
  volleyReclaim(...args: Arg[]): Promise<number>;
  volleyNextDue(...args: Arg[]): Promise<number>;
  volleyReplay(...args: Arg[]): Promise<number>;
  volleyDiscard(...args: Arg[]): Promise<number>;
  volleyOpenLease(...args: Arg[]): Promise<null>;
  volleyStats(...args: Arg[]): Promise<number[]>;
  volleyPark(...args: Arg[]): Promise<[held: number, disabled: number]>;
  volleyUnpark(...args: Arg[]): Promise<number>;
  volleyDisable(...args: Arg[]): Promise<number>;
  volleyDisabled(...args: Arg[]): Promise<[disabled: string[], parked: string[]]>;
}

export type Connection = Redis & ScriptCommands;

const SCRIPTS = {
  volleyClaim: { lua: CLAIM, numberOfKeys: 5 },
  volleyRetry: { lua: RETRY, numberOfKeys: 3 },
  volleyRelease: { lua: RELEASE, numberOfKeys: 2 },
  volleyDie: { lua: DIE, numberOfKeys: 4 },
  volleyReclaim: { lua: RECLAIM, numberOfKeys: 4 },
  volleyNextDue: { lua: NEXT_DUE, numberOfKeys: 1 },
  volleyReplay: { lua: REPLAY, numberOfKeys: 4 },
  volleyDiscard: { lua: DISCARD, numberOfKeys: 3 },
  volleyOpenLease: { lua: OPEN_LEASE, numberOfKeys: 2 },
  /** Called with the number of its keys first. */
  volleyStats: { lua: STATS },
  volleyPark: { lua: PARK, numberOfKeys: 5 },
  volleyUnpark: { lua: UNPARK, numberOfKeys: 4 },
  volleyDisable: { lua: DISABLE, numberOfKeys: 1 },
  volleyDisabled: { lua: DISABLED, numberOfKeys: 2 },
};

/** The longest wait between two attempts to reconnect, and what jitter may add to any of them, in milliseconds. */
const RECONNECT_MAX_MS = 2_000;
const RECONNECT_JITTER_MS = 200;

/** Longest that a blocking wait may take to be answered, in milliseconds: twice what it asks to block. */
const BLOCKING_TIMEOUT_MS = 10_000;
/** How much longer than a command its connection may take, in milliseconds. */
const SOCKET_GRACE_MS = 1_000;

export interface ConnectionOptions {
  readonly url: string;
  /** A command that takes longer is given up; undefined for a connection that blocks. */
  readonly commandTimeoutMs?: number;
  /** False until the first connection stands: before that a failure is reported, afterwards it is retried for ever. */
  readonly keepTrying: () => boolean;
}

/** A connection that does not connect yet. A command cut off by a lost connection rejects and is not sent again behind our back. */
export function newConnection({ url, commandTimeoutMs, keepTrying }: ConnectionOptions): Connection {
  const options: RedisOptions & { replyMapping: 'legacy' } = {
    replyMapping: 'legacy',
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    // A connection that owes a reply for longer is dead, whatever TCP says, and is made anew.
    socketTimeout: commandTimeoutMs === undefined ? BLOCKING_TIMEOUT_MS : commandTimeoutMs + SOCKET_GRACE_MS,
    ...(commandTimeoutMs === undefined ? {} : { commandTimeout: commandTimeoutMs }),
    retryStrategy: (times) =>
      keepTrying()
        ? Math.min(50 * 2 ** Math.min(times, 6), RECONNECT_MAX_MS) + Math.random() * RECONNECT_JITTER_MS
        : null,
    // A replica answers READONLY after a failover: connect again, to whoever is the primary now.
    reconnectOnError: (error) => replyCode(error) === 'READONLY',
  };
  const parsed = URL.parse(url);
  if (parsed === null || !/^\/?\d{0,5}$/.test(parsed.pathname))
    throw new VolleyError(
      'VOLLEY_CONFIG',
      '--broker is not a Redis URL: write redis://HOST:PORT or rediss://HOST:PORT, with /NUMBER behind it for a database',
    );
  const connection = new Redis(url, options) as Connection;
  for (const [name, script] of Object.entries(SCRIPTS)) connection.defineCommand(name, script);
  return connection;
}
