/** What the engine's tests share: a broker of each kind with a queue of its own, and an engine that may reach loopback. */
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext } from 'node:test';
import type { Broker, StoredDeadLetter } from '../../src/broker/broker.ts';
import { brokerFor } from '../../src/broker/open.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { Engine, type EngineOptions, type EngineParts, type Settled } from '../../src/engine.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { Signal } from '../signal.ts';

export const SECRET = 'a secret of the tests';
/** Threads of an engine under test, and slots in all of them together. */
const THREADS = 2;
const SLOTS_PER_CORE = 4;
export const SLOTS = THREADS * Math.ceil((SLOTS_PER_CORE * availableParallelism()) / THREADS);

/** A broker's address and queue for the engine, and a second connection to it for the test. */
export interface TestQueue {
  readonly broker: string;
  readonly queue: string;
  readonly watch: Broker;
  push(...envelopes: (object | string | Buffer)[]): Promise<void>;
  dead(): Promise<StoredDeadLetter[]>;
}

/** A connection to a broker that is not yet open, closed after the test. */
export function connectionTo(t: TestContext, broker: string, queue: string, leaseMs = 20_000): Broker {
  const mintToken = idMint(Date.now, randomBytes);
  const connection = brokerFor(broker, { queue, leaseMs, mintToken, commandTimeoutMs: 5_000 });
  t.after(() => connection.close());
  return connection;
}

export async function newQueue(t: TestContext, broker: string): Promise<TestQueue> {
  const queue = `queue-${randomUUID()}`;
  const watch = connectionTo(t, broker, queue);
  await watch.open();
  return {
    broker,
    queue,
    watch,
    push: (...envelopes) => watch.publish(envelopes.map(bytesOf)),
    dead: () => watch.listDead({}, 1_000),
  };
}

function bytesOf(envelope: object | string | Buffer): Buffer {
  if (Buffer.isBuffer(envelope)) return envelope;
  return Buffer.from(typeof envelope === 'string' ? envelope : JSON.stringify(envelope));
}

/** Destinations that together may use every slot of a test's engine at once: the window of each begins with four. */
export const ENOUGH_FOR_ALL_SLOTS = 4;

/** Queues events whose payloads are the numbers from 0, for so many destinations in turn. */
export async function pushNumbered(
  queue: TestQueue,
  url: string,
  events: number,
  destinations = 1,
): Promise<void> {
  for (let from = 0; from < events; from += 1_000)
    await queue.push(
      ...Array.from({ length: Math.min(1_000, events - from) }, (_, n) => ({
        url,
        type: 't',
        payload: from + n,
        destination: `numbered-${n % destinations}`,
      })),
    );
}

/** One redis-server for the tests of a file. */
export function redisOfFile(): { readonly url: string } {
  let redis: RedisServer | undefined;
  before(async () => {
    redis = await startRedis({ aof: 'everysec' });
  });
  after(() => redis?.stop());
  return {
    get url() {
      return redis!.url;
    },
  };
}

/** A queue on a broker of each kind, by the kind's name. */
export function eachBroker(): Record<'Redis' | 'SQLite', (t: TestContext) => Promise<TestQueue>> {
  const redis = redisOfFile();
  return {
    Redis: (t) => newQueue(t, redis.url),
    SQLite: (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'volley-sqlite-'));
      t.after(() => rmSync(folder, { recursive: true }));
      return newQueue(t, `sqlite:${folder}/volley.db`);
    },
  };
}

export interface RunningEngine {
  readonly engine: Engine;
  readonly settled: Settled[];
  /** Resolves as soon as `test` holds; looks after each settlement. */
  until(test: () => boolean): Promise<void>;
}

/** An engine that may reach every port of loopback, with retries after milliseconds. Not yet started. */
export function newEngine(
  t: TestContext,
  { broker, queue }: Pick<TestQueue, 'broker' | 'queue'>,
  options: Partial<EngineOptions> = {},
  parts: EngineParts = {},
): RunningEngine {
  const settled: Settled[] = [];
  const signal = new Signal();
  const engine = new Engine(
    {
      broker,
      queue,
      signingSecrets: [SECRET],
      threads: THREADS,
      concurrency: SLOTS_PER_CORE,
      allowHttp: true,
      allowNet: ['127.0.0.0/8'],
      allowPort: [0],
      retryScheduleMs: [20, 20],
      onSettled: (event) => {
        settled.push(event);
        signal.raise();
      },
      ...options,
    },
    parts,
  );
  t.after(() => engine.stop({ immediately: true }));
  return { engine, settled, until: (test) => signal.until(test) };
}

export async function startEngine(...args: Parameters<typeof newEngine>): Promise<RunningEngine> {
  const running = newEngine(...args);
  await running.engine.start();
  return running;
}
