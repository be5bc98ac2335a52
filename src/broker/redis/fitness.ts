/** Checks at start that a Redis is fit to keep deliveries. Reads only. */
import type { Redis } from 'ioredis';
import { VolleyError } from '../../errors.ts';
import { redactedUrl, replyCode } from './faults.ts';
import type { QueueKeys } from './keys.ts';

/** The oldest Redis that has BLMOVE. */
export const OLDEST_REDIS = [6, 2] as const;

/** Warnings, one line each; throws VOLLEY_BROKER_UNFIT where deliveries could be lost or mixed with other data. */
export async function checkFitness(redis: Redis, keys: QueueKeys, url: string): Promise<string[]> {
  const where = `Redis at ${redactedUrl(url)}`;
  await checkVersion(redis, where);
  await checkKeyTypes(redis, keys, where);
  const settings = await readSettings(redis, ['appendonly', 'appendfsync', 'maxmemory', 'maxmemory-policy']);
  if (settings === null)
    return [
      `${where} does not let Volley read its settings: make sure that appendonly is yes and maxmemory-policy is noeviction`,
    ];
  const warnings: string[] = [];
  if (settings['appendonly'] !== 'yes')
    warnings.push(
      `${where} has no AOF, so a crash of Redis loses accepted events: CONFIG SET appendonly yes, and the same in redis.conf`,
    );
  else if (settings['appendfsync'] === 'no')
    warnings.push(
      `${where} leaves fsync to the kernel, so losing the host loses up to 30 s of events: CONFIG SET appendfsync everysec, or always`,
    );
  const policy = settings['maxmemory-policy'] ?? '';
  if (settings['maxmemory'] !== '0' && policy.startsWith('allkeys'))
    throw new VolleyError(
      'VOLLEY_BROKER_UNFIT',
      `${where} evicts queued events when it is full (maxmemory-policy ${policy}): CONFIG SET maxmemory-policy noeviction, and the same in redis.conf`,
    );
  if (policy !== 'noeviction' && policy !== '')
    warnings.push(
      `${where} has maxmemory-policy ${policy}: CONFIG SET maxmemory-policy noeviction, and the same in redis.conf`,
    );
  return warnings;
}

/** Asks for the URL's database aloud: the client passes over one that is not there, and would use number 0. Throws VOLLEY_BROKER_UNFIT. */
export async function selectDatabase(redis: Redis, url: string): Promise<void> {
  const database = URL.parse(url)?.pathname.slice(1) ?? '';
  if (database === '') return;
  try {
    await redis.select(Number(database));
  } catch (error) {
    if (replyCode(error) !== 'ERR') throw error;
    throw new VolleyError(
      'VOLLEY_BROKER_UNFIT',
      `Redis at ${redactedUrl(url)} has no database ${database}: give a smaller number (most have 0 to 15), or none`,
    );
  }
}

async function checkVersion(redis: Redis, where: string): Promise<void> {
  const info = await redis.info('server');
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? '0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST_REDIS[0] || (major === OLDEST_REDIS[0] && minor < OLDEST_REDIS[1]))
    throw new VolleyError(
      'VOLLEY_BROKER_UNFIT',
      `${where} is version ${version}: Volley needs ${OLDEST_REDIS.join('.')} or newer`,
    );
}

async function checkKeyTypes(redis: Redis, keys: QueueKeys, where: string): Promise<void> {
  const expected: [string, string][] = [
    [keys.ready, 'list'],
    [keys.leases, 'set'],
    [keys.delayed, 'zset'],
    [keys.delayedRecords, 'hash'],
    [keys.dead, 'zset'],
    [keys.deadEnvelopes, 'hash'],
    [keys.deadLetters, 'hash'],
    [keys.disabled, 'hash'],
    [keys.blocks, 'hash'],
    [keys.version, 'string'],
    [keys.changed, 'zset'],
    [keys.parked, 'hash'],
    [keys.turns, 'hash'],
    [keys.waiting, 'hash'],
    [keys.served, 'set'],
  ];
  const types = await Promise.all(expected.map(([key]) => redis.type(key)));
  for (const [i, [key, type]] of expected.entries()) {
    if (types[i] === type || types[i] === 'none') continue;
    throw new VolleyError(
      'VOLLEY_BROKER_UNFIT',
      `${where} holds a ${types[i]} under ${key}, where Volley keeps a ${type}: choose another --queue, or remove that key if nothing else uses it`,
    );
  }
}

/** These settings by name; null where the server does not let them be read (managed services). */
export async function readSettings(
  redis: Redis,
  names: readonly string[],
): Promise<Record<string, string> | null> {
  try {
    const settings: Record<string, string> = {};
    for (const name of names) {
      const [key, value] = (await redis.config('GET', name)) as [string?, string?];
      if (key !== undefined && value !== undefined) settings[key] = value;
    }
    return settings;
  } catch (error) {
    if (replyCode(error) === null) throw error;
    return null;
  }
}
