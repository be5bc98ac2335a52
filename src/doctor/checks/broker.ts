/** Checks of the broker: what it keeps, how fast it answers, its disk, and what the queue tells. */
import { OLDEST_REDIS } from '../../broker/redis/fitness.ts';
import type { RedisFacts } from '../../broker/redis/inspect.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Reading } from '../../host/reading.ts';
import { bytesShown, msShown, percent } from '../amounts.ts';
import { type Check, fail, type Judgement, judged, ok, unread, warn } from '../check.ts';
import type { BrokerFacts, DiskFacts, Facts, QueueFacts } from '../facts.ts';
import { isAtLeast } from '../version-order.ts';

/** A round trip from which on claims and settlements wait for the broker, in milliseconds: a claim takes several. */
const SLOW_ROUND_TRIP_MS = 5;
/** A fork that stops the server noticeably, in milliseconds: claims and heartbeats wait for it. */
const LONG_FORK_MS = 500;
/** Share of maxmemory from which on a burst may fill it. */
const NEARLY_FULL = 0.8;
/** Share of a disk in use, from which on an AOF that is rewritten may not find room. */
const DISK_NEARLY_FULL = 0.9;
/** Share of the time a disk is busy, and how long its requests take, in milliseconds, when it cannot keep up. */
const BUSY_DISK = 0.9;
const SLOW_DISK_MS = 20;
/** Share of the time below which a disk has so little to do that a request which took long says nothing of it. */
const IDLE_DISK = 0.1;

const FASTER_DISK = 'move the queue to NVMe storage, or spread it over several queues and brokers';
/** The code of a broker that is there, and not fit to keep deliveries. */
const UNFIT: ErrorCode = 'VOLLEY_BROKER_UNFIT';
/** For an error that comes with its fix. */
const DO_WHAT_IT_SAYS = 'do what it says';
const REACH_BROKER = 'say where it is with --broker, start it, or give a user who may';

/** A check of a Redis that answers. */
function redisCheck(id: string, title: string, judge: (server: RedisFacts) => Judgement | null): Check {
  return {
    id,
    title,
    judge: ({ broker }) =>
      broker.kind !== 'redis' || 'unread' in broker.server ? null : judge(broker.server.value),
  };
}

export const BROKER_CHECKS: readonly Check[] = [
  { id: 'broker', title: 'broker', judge: judgeReach },
  redisCheck('redis-persistence', 'what Redis keeps', judgePersistence),
  redisCheck('redis-memory', 'memory of Redis', judgeMemory),
  redisCheck('redis-latency', 'answers of Redis', judgeLatency),
  { id: 'redis-fork', title: 'forks of Redis', judge: judgeFork },
  { id: 'broker-disk', title: "the broker's disk", judge: judgeDisk },
  { id: 'queue', title: 'queue', judge: judgeQueue },
  { id: 'dead-letters', title: 'dead letters of the last day', judge: judgeDeaths },
];

function judgeReach({ broker }: Facts): Judgement {
  if (broker.kind === 'sqlite') return judgedQueue(broker.queue, () => ok(broker.where));
  const { server, where } = broker;
  if ('unread' in server) return fail(server.unread, server.code === UNFIT ? DO_WHAT_IT_SAYS : REACH_BROKER);
  return isAtLeast(server.value.version, OLDEST_REDIS)
    ? ok(`Redis ${server.value.version} at ${where}`)
    : fail(`Redis ${server.value.version} at ${where}`, `install ${OLDEST_REDIS.join('.')} or newer`);
}

/** Whether the check of the broker itself has told already why nothing can be read of its queue. */
function isUnreachable(broker: BrokerFacts): boolean {
  return 'unread' in (broker.kind === 'redis' ? broker.server : broker.queue);
}

/** A broker that is there and cannot serve is worse than one of which nothing is known. */
function judgedQueue(queue: Reading<QueueFacts>, judge: (queue: QueueFacts) => Judgement): Judgement {
  if ('unread' in queue && queue.code === UNFIT) return fail(queue.unread, DO_WHAT_IT_SAYS);
  return judged(queue, judge, REACH_BROKER);
}

/** Redis forks to rewrite its AOF: what the kernel then allows, and copies. */
function judgeFork({ broker, machine: { overcommit, hugePages } }: Facts): Judgement | null {
  if (broker.kind !== 'redis' || 'unread' in broker.server || !broker.server.value.isLocal) return null;
  return judged(overcommit, (value) => {
    if (value !== '1')
      return warn(
        `vm.overcommit_memory is ${value}: a fork may be refused, and the AOF then grows until the disk is full`,
        'install sysctl/98-volley-redis.conf',
      );
    // A kernel without huge pages has no such file.
    const always = !('unread' in hugePages) && hugePages.value.includes('[always]');
    return always
      ? warn(
          'transparent huge pages are on: after a fork each key that changes copies 2 MiB',
          'echo never > /sys/kernel/mm/transparent_hugepage/enabled, at each start of the machine',
        )
      : ok('vm.overcommit_memory is 1, huge pages are not forced');
  });
}

function judgePersistence({ settings, info }: RedisFacts): Judgement {
  const failed = ['aof_last_write_status', 'aof_last_bgrewrite_status', 'rdb_last_bgsave_status'].find(
    (name) => (info[name] ?? 'ok') !== 'ok',
  );
  if (failed !== undefined)
    return fail(
      `Redis says ${failed}:${info[failed]}`,
      'make room on its disk and see its log; until then it may refuse writes, or lose them',
    );
  if (info['loading'] === '1') return warn('Redis is loading its files', 'wait until it has');
  // INFO tells it of servers that do not let their settings be read.
  const aof = settings?.['appendonly'] ?? (info['aof_enabled'] === '1' ? 'yes' : 'no');
  if (aof !== 'yes')
    return fail(
      'no AOF: a crash of Redis loses accepted events',
      'redis-cli CONFIG SET appendonly yes, and the same in redis.conf',
    );
  const delayed = Number(info['aof_delayed_fsync'] ?? 0);
  if (settings?.['appendfsync'] === 'no')
    return warn('AOF, synced when the kernel likes', 'redis-cli CONFIG SET appendfsync everysec, or always');
  if (delayed > 0)
    return warn(`AOF, but writes have waited for the disk ${delayed} times since the start`, FASTER_DISK);
  return ok(`AOF, appendfsync ${settings?.['appendfsync'] ?? 'not told'}`);
}

function judgeMemory({ settings, info }: RedisFacts): Judgement {
  const policy = settings?.['maxmemory-policy'] ?? info['maxmemory_policy'] ?? 'not told';
  const maxBytes = Number(settings?.['maxmemory'] ?? info['maxmemory'] ?? 0);
  const usedBytes = Number(info['used_memory'] ?? 0);
  const hostBytes = Number(info['total_system_memory'] ?? 0);
  const bound = maxBytes > 0 ? `of maxmemory ${bytesShown(maxBytes)}` : 'without maxmemory';
  const evidence = `${bytesShown(usedBytes)} ${bound}, policy ${policy}`;
  if (policy !== 'noeviction' && policy !== 'not told')
    return (maxBytes > 0 && policy.startsWith('allkeys') ? fail : warn)(
      `${evidence}: queued events may be evicted`,
      'redis-cli CONFIG SET maxmemory-policy noeviction, and the same in redis.conf',
    );
  const boundBytes = maxBytes > 0 ? maxBytes : hostBytes;
  return boundBytes > 0 && usedBytes > NEARLY_FULL * boundBytes
    ? warn(
        evidence,
        'raise maxmemory or add memory, and see why the queue grows: a full Redis refuses events',
      )
    : ok(evidence);
}

function judgeLatency({ roundTripMs, info }: RedisFacts): Judgement {
  const forkMs = Number(info['latest_fork_usec'] ?? 0) / 1_000;
  const evidence = `${msShown(roundTripMs)} a round trip, ${msShown(forkMs)} for its last fork`;
  if (roundTripMs > SLOW_ROUND_TRIP_MS)
    return warn(evidence, 'bring worker and Redis nearer to each other, and see redis-cli SLOWLOG GET');
  return forkMs > LONG_FORK_MS
    ? warn(evidence, 'turn transparent huge pages off on its host, or keep less in one Redis')
    : ok(evidence);
}

function judgeDisk({ broker }: Facts): Judgement | null {
  const reading: Reading<DiskFacts> | null = broker.disk;
  if (reading === null) {
    const elsewhere = broker.kind === 'redis' && !('unread' in broker.server) && !broker.server.value.isLocal;
    return elsewhere
      ? unread(
          'Redis runs on another machine',
          'run volley doctor there, or "iostat -x 1": see await and %util',
        )
      : null;
  }
  return judged(reading, ({ mount, fileSystem, freeBytes, totalBytes, busyShare, requestMs }) => {
    const busy = busyShare === null ? 'not told how busy' : `${percent(busyShare)} busy`;
    const pace = requestMs === null ? '' : `, ${msShown(requestMs)} a request`;
    const evidence = `${mount} (${fileSystem}), ${bytesShown(freeBytes)} of ${bytesShown(totalBytes)} free, ${busy}${pace}`;
    if (/^(?:nfs|cifs|smb|fuse\.sshfs)/.test(fileSystem) && broker.kind === 'sqlite')
      return fail(
        evidence,
        'a network file system does not lock as SQLite needs: keep the file on a local disk',
      );
    if (/^(?:tmpfs|ramfs)$/.test(fileSystem))
      return warn(evidence, 'a restart of the machine loses what is queued: keep it on a disk');
    if (totalBytes > 0 && freeBytes < (1 - DISK_NEARLY_FULL) * totalBytes)
      return warn(evidence, 'make room: a full disk refuses events');
    const isSlow = (requestMs ?? 0) > SLOW_DISK_MS && (busyShare ?? 0) >= IDLE_DISK;
    return (busyShare ?? 0) > BUSY_DISK || isSlow ? warn(evidence, FASTER_DISK) : ok(evidence);
  });
}

function judgeQueue({ broker, workers }: Facts): Judgement | null {
  if (isUnreachable(broker)) return null;
  return judgedQueue(broker.queue, ({ stats, later }) => {
    const { ready, leased, delayed, parked, dead } = later;
    const evidence = `${ready} ready, ${leased} leased, ${delayed} delayed, ${parked} parked, ${dead} dead`;
    const none = !('unread' in workers) && workers.value.length === 0;
    if (ready > 0 && leased === 0 && stats.leased === 0)
      return fail(
        `${evidence}: nobody takes what is ready${none ? ', and no worker runs on this machine' : ''}`,
        'start a worker on this queue and broker; if one runs, see journalctl -u webhook-worker.service for "Permission denied" and secrets',
      );
    return ready > stats.ready && stats.ready > 0
      ? warn(
          `${evidence}: grows by ${ready - stats.ready} a second`,
          'add slots (--concurrency) while processors are free, or workers',
        )
      : ok(evidence);
  });
}

/** What to look at, by how deliveries ended. */
const CAUSES: readonly { readonly pattern: RegExp; readonly fix: string }[] = [
  {
    pattern: /^http-40[13]$/,
    fix: 'the receiver refuses the signature: compare the secret on both sides, with volley verify',
  },
  {
    pattern: /^connect-timeout|^connect-refused/,
    fix: 'check the egress firewall and the receiver: volley doctor --target URL',
  },
  { pattern: /^tls/, fix: 'check certificates and TLS versions: volley doctor --target URL' },
];

function judgeDeaths({ broker }: Facts): Judgement | null {
  // The check of the queue has told why it cannot be read.
  if (isUnreachable(broker) || 'unread' in broker.queue) return null;
  const { deaths } = broker.queue.value;
  if (deaths.length === 0) return ok('none');
  const evidence = deaths.map(({ what, count }) => `${count} ${what}`).join(', ');
  const known = CAUSES.find(({ pattern }) => deaths.some(({ what }) => pattern.test(what)));
  return warn(evidence, known?.fix ?? 'see volley dead list; when the cause is gone, volley dead replay');
}
