/** Secrets, logs, brokers and queues with which not all is well. */
import { BARRED, DISK, onMachine, onRedis, QUEUE, REDIS, redisThatTells, WELL } from '../facts.ts';
import type { Case } from './case.ts';

const disk = (some: object) => onRedis({ disk: { value: { ...DISK, ...some } } });
export const onSqlite = (some: object) => ({
  ...WELL,
  broker: {
    kind: 'sqlite' as const,
    where: 'sqlite:volley.db',
    disk: { value: { ...DISK, ...some } },
    queue: { value: QUEUE },
  },
});
const queue = (some: object) => onRedis({ queue: { value: { ...QUEUE, ...some } } });
const counts = (ready: number, leased: number) => ({ ready, leased, delayed: 0, parked: 0, dead: 0 });
const died = (what: string) => queue({ deaths: [{ what, count: 3 }] });

const UNFIT = {
  unread: '/srv/volley.db cannot be used, user nobody may not write /srv',
  code: 'VOLLEY_BROKER_UNFIT',
};

export const BROKER_CASES: readonly Case[] = [
  {
    id: 'secrets',
    status: 'fail',
    facts: { ...WELL, secrets: { kind: 'refused', message: '/etc/webhook/secrets cannot be read' } },
    says: /sudo -u www-data/,
  },
  {
    id: 'secrets',
    status: 'warn',
    facts: {
      ...WELL,
      secrets: { kind: 'loaded', place: 'x', warnings: ['readable by every user: run chmod'] },
    },
    says: /every user/,
  },
  {
    id: 'log-folder',
    status: 'ok',
    facts: onMachine({ logFolder: { path: '/var/log/webhook', writable: true } }),
    says: /can be written/,
  },
  {
    id: 'log-folder',
    status: 'warn',
    facts: onMachine({ logFolder: { path: '/var/log/webhook', writable: false } }),
    says: /chown www-data/,
  },

  { id: 'broker', status: 'fail', facts: onRedis({ server: BARRED }), says: /EACCES/ },
  {
    id: 'broker',
    status: 'fail',
    facts: onRedis({ server: { value: { ...REDIS, version: '6.0.16' } } }),
    says: /6\.2 or newer/,
  },
  {
    id: 'broker',
    status: 'unread',
    facts: { ...WELL, broker: { ...onSqlite({}).broker, queue: BARRED } },
    says: /--broker/,
  },
  {
    id: 'redis-persistence',
    status: 'fail',
    facts: redisThatTells({ appendonly: 'no' }),
    says: /appendonly yes/,
  },
  {
    id: 'redis-persistence',
    status: 'fail',
    facts: redisThatTells({}, { aof_last_write_status: 'err' }),
    says: /make room/,
  },
  { id: 'redis-persistence', status: 'warn', facts: redisThatTells({ appendfsync: 'no' }), says: /everysec/ },
  {
    id: 'redis-persistence',
    status: 'warn',
    facts: redisThatTells({}, { aof_delayed_fsync: '4' }),
    says: /4 times/,
  },
  { id: 'redis-persistence', status: 'warn', facts: redisThatTells({}, { loading: '1' }), says: /loading/ },
  {
    id: 'redis-persistence',
    status: 'ok',
    facts: onRedis({
      server: { value: { ...REDIS, settings: null, info: { ...REDIS.info, aof_enabled: '1' } } },
    }),
    says: /not told/,
  },
  {
    id: 'redis-memory',
    status: 'fail',
    facts: redisThatTells({ maxmemory: '1073741824', 'maxmemory-policy': 'allkeys-lru' }),
    says: /noeviction/,
  },
  {
    id: 'redis-memory',
    status: 'warn',
    facts: redisThatTells({ 'maxmemory-policy': 'volatile-lru' }),
    says: /noeviction/,
  },
  {
    id: 'redis-memory',
    status: 'warn',
    facts: redisThatTells({ maxmemory: '110000000' }),
    says: /raise maxmemory/,
  },
  {
    id: 'redis-latency',
    status: 'warn',
    facts: onRedis({ server: { value: { ...REDIS, roundTripMs: 30 } } }),
    says: /30 ms a round trip/,
  },
  {
    id: 'redis-latency',
    status: 'warn',
    facts: redisThatTells({}, { latest_fork_usec: '900000' }),
    says: /huge pages/,
  },
  {
    id: 'broker',
    status: 'fail',
    facts: { ...WELL, broker: { ...onSqlite({}).broker, queue: UNFIT } },
    says: /may not write/,
  },
  { id: 'queue', status: 'fail', facts: onRedis({ queue: UNFIT }), says: /may not write/ },
  {
    id: 'redis-fork',
    status: 'warn',
    facts: onMachine({ overcommit: { value: '0' } }),
    says: /98-volley-redis/,
  },
  {
    id: 'redis-fork',
    status: 'warn',
    facts: onMachine({ hugePages: { value: '[always] madvise never' } }),
    says: /huge pages/,
  },
  { id: 'redis-fork', status: 'unread', facts: onMachine({ overcommit: BARRED }), says: /EACCES/ },
  { id: 'broker-disk', status: 'warn', facts: disk({ busyShare: 0.99 }), says: /99 % busy.*|NVMe/ },
  { id: 'broker-disk', status: 'warn', facts: disk({ requestMs: 80 }), says: /NVMe/ },
  { id: 'broker-disk', status: 'ok', facts: disk({ requestMs: 80, busyShare: 0.05 }), says: /80 ms/ },
  { id: 'broker-disk', status: 'warn', facts: disk({ freeBytes: 2 ** 30 }), says: /make room/ },
  {
    id: 'broker-disk',
    status: 'warn',
    facts: onSqlite({ fileSystem: 'tmpfs' }),
    says: /restart of the machine/,
  },
  { id: 'broker-disk', status: 'fail', facts: onSqlite({ fileSystem: 'nfs4' }), says: /local disk/ },
  { id: 'broker-disk', status: 'unread', facts: onRedis({ disk: BARRED }), says: /EACCES/ },
  {
    id: 'broker-disk',
    status: 'unread',
    facts: onRedis({ disk: null, server: { value: { ...REDIS, isLocal: false } } }),
    says: /another machine/,
  },
  {
    id: 'queue',
    status: 'fail',
    facts: queue({ stats: counts(5, 0), later: counts(5, 0) }),
    says: /Permission denied/,
  },
  {
    id: 'queue',
    status: 'warn',
    facts: queue({ stats: counts(500, 80), later: counts(900, 80) }),
    says: /400 a second/,
  },
  { id: 'queue', status: 'unread', facts: onRedis({ queue: BARRED }), says: /EACCES/ },
  { id: 'dead-letters', status: 'warn', facts: died('http-401'), says: /signature/ },
  { id: 'dead-letters', status: 'warn', facts: died('connect-timeout'), says: /egress firewall/ },
  { id: 'dead-letters', status: 'warn', facts: died('tls'), says: /certificates/ },
  { id: 'dead-letters', status: 'warn', facts: died('http-503'), says: /dead replay/ },
];
