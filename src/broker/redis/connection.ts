/** The connections to Redis, and the scripts as commands on them. */
import { Redis, type RedisOptions } from 'ioredis';
import { VolleyError } from '../../errors.ts';
import { CLAIM } from './claim-scripts.ts';
import { replyCode } from './faults.ts';
import { CLAIM_PARKED, DISCARD_PARKED, PARK } from './park-scripts.ts';
import {
  ACK_LARGE,
  DIE,
  DISCARD,
  FINISH,
  NEXT_DUE,
  OPEN_LEASE,
  RECLAIM,
  RELEASE,
  REPLAY,
  RETRY,
  STATS,
} from './scripts.ts';
import { ASK_PROBE, BLOCK, DISABLE, ENABLE, END_PAUSES, STANDINGS, UNBLOCK } from './standing-scripts.ts';
import { TAKE_TOKENS } from './token-scripts.ts';

type Arg = string | number | Buffer;

/** Null, instead, when the lease has lapsed. */
export type ClaimReply = [
  standingsVersion: Buffer,
  records: Buffer[],
  /** Destinations, each followed by how many were parked for it in passing; not of parked claims. */
  passed?: (Buffer | number)[],
];

export type StandingsReply = [
  version: string,
  isComplete: number,
  nowMs: number,
  changed: string[],
  disabled: string[],
  blocks: string[],
  parked: string[],
];

/** What the scripts add to the client, each called with its KEYS and then its ARGV. */
export interface ScriptCommands {
  volleyClaimBuffer(...args: Arg[]): Promise<ClaimReply | null>;
  volleyRetry(...args: Arg[]): Promise<number>;
  volleyAckLarge(...args: Arg[]): Promise<number>;
  volleyFinish(...args: Arg[]): Promise<number>;
  volleyRelease(...args: Arg[]): Promise<number>;
  volleyDie(...args: Arg[]): Promise<number>;
  volleyReclaim(...args: Arg[]): Promise<number>;
  volleyNextDue(...args: Arg[]): Promise<number>;
  volleyReplay(...args: Arg[]): Promise<number>;
  volleyDiscard(...args: Arg[]): Promise<number>;
  volleyOpenLease(...args: Arg[]): Promise<null>;
  volleyStats(...args: Arg[]): Promise<number[]>;
  volleyClaimParkedBuffer(...args: Arg[]): Promise<ClaimReply | null>;
  volleyPark(...args: Arg[]): Promise<number>;
  volleyDiscardParked(...args: Arg[]): Promise<number>;
  volleyDisable(...args: Arg[]): Promise<number>;
  volleyEnable(...args: Arg[]): Promise<number | null>;
  volleyBlock(...args: Arg[]): Promise<null>;
  volleyUnblock(...args: Arg[]): Promise<null>;
  volleyEndPauses(...args: Arg[]): Promise<null>;
  volleyAskProbe(...args: Arg[]): Promise<[kind: 'granted' | 'refused' | 'unblocked', forMs: number]>;
  volleyStandings(...args: Arg[]): Promise<StandingsReply>;
  volleyTakeTokens(...args: Arg[]): Promise<[count: number, waitMs: number]>;
}

export type Connection = Redis & ScriptCommands;

const SCRIPTS = {
  /** Called with the number of its keys first. */
  volleyClaim: { lua: CLAIM },
  volleyRetry: { lua: RETRY, numberOfKeys: 3 },
  volleyAckLarge: { lua: ACK_LARGE },
  volleyFinish: { lua: FINISH, numberOfKeys: 5 },
  volleyRelease: { lua: RELEASE, numberOfKeys: 5 },
  volleyDie: { lua: DIE, numberOfKeys: 8 },
  volleyReclaim: { lua: RECLAIM, numberOfKeys: 7 },
  volleyNextDue: { lua: NEXT_DUE, numberOfKeys: 1 },
  volleyReplay: { lua: REPLAY, numberOfKeys: 4 },
  volleyDiscard: { lua: DISCARD, numberOfKeys: 3 },
  volleyOpenLease: { lua: OPEN_LEASE, numberOfKeys: 2 },
  /** Called with the number of its keys first. */
  volleyStats: { lua: STATS },
  volleyClaimParked: { lua: CLAIM_PARKED, numberOfKeys: 6 },
  volleyPark: { lua: PARK, numberOfKeys: 5 },
  volleyDiscardParked: { lua: DISCARD_PARKED, numberOfKeys: 6 },
  volleyDisable: { lua: DISABLE, numberOfKeys: 3 },
  volleyEnable: { lua: ENABLE, numberOfKeys: 5 },
  volleyBlock: { lua: BLOCK, numberOfKeys: 3 },
  volleyUnblock: { lua: UNBLOCK, numberOfKeys: 3 },
  volleyEndPauses: { lua: END_PAUSES, numberOfKeys: 3 },
  volleyAskProbe: { lua: ASK_PROBE, numberOfKeys: 1 },
  volleyStandings: { lua: STANDINGS, numberOfKeys: 5 },
  volleyTakeTokens: { lua: TAKE_TOKENS, numberOfKeys: 1 },
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
