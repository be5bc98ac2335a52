/** What a Redis tells of itself, for `volley doctor`. Reads only, over a connection of its own. */
import { newConnection } from './connection.ts';
import { redactedUrl, redisFault } from './faults.ts';
import { readSettings } from './fitness.ts';

/** A server that takes longer for one command, in milliseconds, is told of as one that does not answer. */
const COMMAND_TIMEOUT_MS = 5_000;
/** Round trips measured: enough for a median that one slow one does not move. */
const PINGS = 21;

export interface RedisFacts {
  readonly version: string;
  /** From CONFIG GET; null where the server does not let it be read (managed services). */
  readonly settings: Readonly<Record<string, string>> | null;
  /** From INFO, every section: by name, as text. */
  readonly info: Readonly<Record<string, string>>;
  /** Median of a round trip, in milliseconds. */
  readonly roundTripMs: number;
  /** Whether the server is this machine: the connection goes to the loopback. */
  readonly isLocal: boolean;
}

/** Rejects with the VolleyError for what keeps it from answering. */
export async function inspectRedis(url: string): Promise<RedisFacts> {
  const redis = newConnection({ url, commandTimeoutMs: COMMAND_TIMEOUT_MS, keepTrying: () => false });
  // Told by the rejection of `connect`; without a listener the client would print it.
  redis.on('error', () => {});
  try {
    await redis.connect();
    const info = fieldsOf(await redis.info());
    const settings = await readSettings(redis, [
      'appendonly',
      'appendfsync',
      'maxmemory',
      'maxmemory-policy',
      'dir',
    ]);
    const timesMs: number[] = [];
    for (let i = 0; i < PINGS; i++) {
      const startMs = performance.now();
      await redis.ping();
      timesMs.push(performance.now() - startMs);
    }
    const roundTripMs = timesMs.toSorted((a, b) => a - b)[PINGS >> 1]!;
    return { version: info['redis_version'] ?? '0', settings, info, roundTripMs, isLocal: isLocal(url) };
  } catch (error) {
    throw redisFault(error, url);
  } finally {
    redis.disconnect();
  }
}

/** Where a broker is, for messages: without its password. */
export function shownBroker(url: string): string {
  return url.startsWith('redis') ? redactedUrl(url) : url;
}

/** `name:value` lines as a record; headings and blank lines are left out. */
export function fieldsOf(info: string): Record<string, string> {
  const lines = info.split('\n').map((line) => /^([\w-]+):(.*?)\r?$/.exec(line));
  return Object.fromEntries(lines.flatMap((match) => (match === null ? [] : [[match[1]!, match[2]!]])));
}

function isLocal(url: string): boolean {
  const host = URL.parse(url)?.hostname ?? '';
  return host === '' || host === 'localhost' || host === '[::1]' || host.startsWith('127.');
}
