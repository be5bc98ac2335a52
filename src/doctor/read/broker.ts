/** Reads what checks judge of the broker and its queue. Changes nothing there. */
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { Broker, StoredDeadLetter } from '../../broker/broker.ts';
import { inspectRedis, shownBroker } from '../../broker/redis/inspect.ts';
import { awaited, type Reading } from '../../host/reading.ts';
import type { BrokerFacts, DiskFacts, QueueFacts } from '../facts.ts';

/** Between the two looks at the queue, in milliseconds: what it grows by is then by the second. */
const APART_MS = 1_000;
/** How far back dead letters are looked at, in milliseconds. */
const DAY_MS = 24 * 60 * 60 * 1_000;
/** Most dead letters looked at: each comes with its envelope, which may have 2 MiB. */
const MAX_DEATHS = 100;
const SQLITE = 'sqlite:';

export interface BrokerParts {
  /** As `--broker` has it. */
  readonly url: string;
  /** Opens the broker, has it used, closes it. */
  readonly withBroker: <Result>(use: (broker: Broker) => Promise<Result>) => Promise<Result>;
  /** The disk of a path. Never rejects. */
  readonly readDisk: (path: string) => Promise<Reading<DiskFacts>>;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

export async function readBroker(parts: BrokerParts): Promise<BrokerFacts> {
  const { url, readDisk } = parts;
  const where = shownBroker(url);
  if (url.startsWith(SQLITE)) {
    const file = url.slice(SQLITE.length);
    const [queue, disk] = await Promise.all([awaited(() => readQueue(parts)), readDisk(file)]);
    return { kind: 'sqlite', where, queue, disk };
  }
  const [inspected, queue] = await Promise.all([
    awaited(() => inspectRedis(url)),
    awaited(() => readQueue(parts)),
  ]);
  // Of what bars both the queue's client knows why; the other one, which tries once, that its connection is closed.
  const server = 'unread' in inspected && 'unread' in queue ? queue : inspected;
  const folder = 'unread' in server || !server.value.isLocal ? undefined : server.value.settings?.['dir'];
  const disk = folder === undefined ? null : await diskOfRedis(folder, readDisk);
  return { kind: 'redis', where, server, queue, disk };
}

/** A Redis in a container tells of a folder that is not this machine's. */
async function diskOfRedis(folder: string, readDisk: BrokerParts['readDisk']): Promise<Reading<DiskFacts>> {
  if (!existsSync(folder))
    return { unread: `Redis keeps its files in ${folder}, which is not here`, code: 'ENOENT' };
  return readDisk(folder);
}

async function readQueue({ withBroker, nowMs }: BrokerParts): Promise<QueueFacts> {
  return withBroker(async (broker) => {
    const stats = await broker.stats();
    await setTimeout(APART_MS);
    const later = await broker.stats();
    const letters = await broker.listDead({ sinceMs: nowMs - DAY_MS }, MAX_DEATHS);
    return { stats, later, deaths: deathsOf(letters) };
  });
}

/** How many ended with what, the most first. */
export function deathsOf(
  letters: readonly Pick<StoredDeadLetter, 'reason' | 'detail'>[],
): QueueFacts['deaths'] {
  const counts = new Map<string, number>();
  for (const { reason, detail } of letters) {
    // What the last attempt met says more than that it was the last.
    const what = reason === 'exhausted' || reason === 'rejected' ? detail.split(':')[0]! : reason;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].map(([what, count]) => ({ what, count })).sort((a, b) => b.count - a.count);
}
