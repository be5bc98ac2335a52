/** The facts of a machine on which all is well, as they were recorded on one, for checks to be tried on. */
import type { RedisFacts } from '../../src/broker/redis/inspect.ts';
import type {
  BrokerFacts,
  DiskFacts,
  Facts,
  MachineFacts,
  QueueFacts,
  TargetContact,
  TlsFacts,
} from '../../src/doctor/facts.ts';
import type { Unread } from '../../src/host/reading.ts';

export const BARRED: Unread = { unread: '/proc/x cannot be read (EACCES)', code: 'EACCES' };

const NOW_MS = Date.parse('2026-11-24T00:00:00Z');
export const DAY_MS = 86_400_000;

const MACHINE: MachineFacts = {
  kernel: '6.1.0-18-amd64',
  node: '26.10.0',
  openssl: '3.5.8',
  cores: 4,
  openFilesLimit: 131_072,
  portRange: { value: [10_240, 65_535] },
  windowScaling: { value: '1' },
  sockets: {
    value: {
      established: 900,
      synSent: 3,
      timeWait: 40,
      closeWait: 0,
      busiest: { peer: '203.0.113.42:443', sockets: 80 },
      mostWaitedFor: { peer: '203.0.113.42:443', sockets: 3 },
    },
  },
  timeWaitMax: { value: 262_144 },
  conntrack: { value: { used: 1_200, max: 262_144 } },
  tuning: [{ name: 'net.core.somaxconn', want: '4096', reason: '', state: 'same', current: '4096' }],
  segments: { value: { sent: 50_000_000, again: 20_000 } },
  clock: { value: { synchronised: true, by: 'chronyc' } },
  memory: { value: { totalBytes: 8 * 2 ** 30, availableBytes: 6 * 2 ** 30 } },
  oomKills: { value: 0 },
  interfaces: {
    value: [
      {
        name: 'eth0',
        speedMbit: 10_000,
        mtuBytes: 1_500,
        packets: 40_000_000,
        errors: 0,
        dropped: 12,
        carrierChanges: 2,
      },
    ],
  },
  heat: { value: { zones: [{ name: 'x86_pkg_temp', celsius: 52, limitCelsius: 95 }], throttled: 0 } },
  cpu: { value: { load: 2.5, ioWaitShare: 0.01, quotaShare: null } },
  overcommit: { value: '1' },
  hugePages: { value: 'always [madvise] never' },
  logFolder: null,
  user: 'www-data',
};

export const REDIS: RedisFacts = {
  version: '7.0.15',
  settings: {
    appendonly: 'yes',
    appendfsync: 'everysec',
    maxmemory: '0',
    'maxmemory-policy': 'noeviction',
    dir: '/var/lib/redis',
  },
  info: {
    redis_version: '7.0.15',
    loading: '0',
    aof_last_write_status: 'ok',
    aof_last_bgrewrite_status: 'ok',
    rdb_last_bgsave_status: 'ok',
    aof_delayed_fsync: '0',
    used_memory: '104857600',
    total_system_memory: String(8 * 2 ** 30),
    latest_fork_usec: '800',
  },
  roundTripMs: 0.2,
  isLocal: true,
};

export const DISK: DiskFacts = {
  mount: '/var',
  fileSystem: 'ext4',
  freeBytes: 60 * 2 ** 30,
  totalBytes: 100 * 2 ** 30,
  busyShare: 0.1,
  requestMs: 0.4,
};

export const QUEUE: QueueFacts = {
  stats: { ready: 100, leased: 80, delayed: 3, parked: 0, dead: 0 },
  later: { ready: 20, leased: 80, delayed: 3, parked: 0, dead: 0 },
  deaths: [],
};

export const TLS: TlsFacts = {
  version: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  handshakeMs: 30,
  distrust: null,
  chain: [
    { subject: 'hooks.example.com', validUntilMs: NOW_MS + 60 * DAY_MS },
    { subject: 'An Authority', validUntilMs: NOW_MS + 900 * DAY_MS },
  ],
  nowMs: NOW_MS,
};

export const CONTACT: TargetContact = {
  connection: { value: { address: '203.0.113.42', ms: 20 } },
  tls: { value: TLS },
  versions: [
    { version: 'TLSv1.2', error: null },
    { version: 'TLSv1.3', error: null },
  ],
  small: { value: { status: 405, ms: 25, aheadMs: 300 } },
  large: { value: { status: 405, ms: 26, aheadMs: 300 } },
};

export const WELL: Facts = {
  machine: MACHINE,
  workers: {
    value: [
      {
        pid: 1_244,
        openFilesLimit: { value: 131_072 },
        openFiles: { value: 1_100 },
        residentBytes: { value: 300 * 2 ** 20 },
      },
    ],
  },
  plan: { slots: 80, sockets: 8_192, openFiles: 8_320, memoryBytes: 2 ** 30 },
  broker: {
    kind: 'redis',
    where: 'redis://10.0.1.5:6379',
    server: { value: REDIS },
    disk: { value: DISK },
    queue: { value: QUEUE },
  },
  secrets: { kind: 'loaded', place: '/etc/webhook/secrets', warnings: [] },
  target: {
    url: 'https://hooks.example.com/in',
    guard: { allowed: true, reason: null },
    settings: null,
    proxy: null,
    contact: CONTACT,
  },
};

/** The facts with some of the machine's in place of those. */
export function onMachine(some: Partial<MachineFacts>): Facts {
  return { ...WELL, machine: { ...MACHINE, ...some } };
}

/** The facts with some of the Redis's in place of those. */
export function onRedis(some: Partial<Extract<BrokerFacts, { kind: 'redis' }>>): Facts {
  return { ...WELL, broker: { ...(WELL.broker as Extract<BrokerFacts, { kind: 'redis' }>), ...some } };
}

/** The facts with a Redis that has other settings or tells something else. */
export function redisThatTells(settings: Record<string, string>, info: Record<string, string> = {}): Facts {
  const server = { ...REDIS, settings: { ...REDIS.settings, ...settings }, info: { ...REDIS.info, ...info } };
  return onRedis({ server: { value: server } });
}

/** The facts with a receiver that was met otherwise. */
export function atTarget(some: Partial<TargetContact>): Facts {
  return { ...WELL, target: { ...WELL.target!, contact: { ...CONTACT, ...some } } };
}

export { MACHINE, NOW_MS };
