import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import type { Parcel, PoolEvents } from '../../src/pool/attempt-pool.ts';
import { ThreadPool } from '../../src/pool/thread-pool.ts';
import type { AttemptPolicy, ThreadSettings } from '../../src/thread/policy.ts';
import { receiverOf } from '../receiver.ts';
import { Signal } from '../signal.ts';

const POLICY: AttemptPolicy = {
  guard: { allowHttp: true, allowNets: ['127.0.0.0/8'], allowHosts: [], allowPorts: [0] },
  dnsServers: [],
  timeouts: { connectMs: 30_000, readMs: 30_000, totalMs: 30_000 },
  signatures: ['hub'],
  userAgent: 'Volley/test',
  slots: 4,
  sockets: 16,
};
const SETTINGS: ThreadSettings = {
  signingSecrets: ['secret'],
  namedSecrets: new Map(),
  destinations: new Map(),
};
const deadly = new URL('../engine/deadly-entry.ts', import.meta.url);

/** A pool of two threads, closed after the test, and what it tells. */
async function startPool(t: TestContext, entry?: URL) {
  const told: string[] = [];
  const signal = new Signal();
  const tell = (what: string) => {
    told.push(what);
    signal.raise();
  };
  const events: PoolEvents = {
    delivered: (number, status) => tell(`delivered ${number} ${status}`),
    failed: ({ number, outcome }) => tell(`failed ${number} ${outcome.kind}`),
    reported: () => {},
    threadLost: (thread, _error, served) => tell(`lost ${thread} ${served ? 'serving' : 'before it served'}`),
  };
  const pool = new ThreadPool({ threads: 2, policy: POLICY, ...(entry && { entry }) });
  t.after(() => pool.close());
  await pool.start(events, SETTINGS);
  return { pool, told, until: (what: string) => signal.until(() => told.includes(what)) };
}

const parcel = (number: number, url: string, type = 't'): Parcel => ({
  number,
  attempts: 0,
  mintedId: `evt_${number}`,
  envelope: Buffer.from(JSON.stringify({ url, type, payload: number })),
});

test('a batch is attempted by the thread it is given to, and each outcome is told under its number', async (t) => {
  const receiver = await receiverOf(t, ({ body }) => ({ status: body.toString() === '2' ? 500 : 204 }));
  const { pool, told, until } = await startPool(t);
  pool.send(0, [parcel(1, receiver.origin), parcel(2, receiver.origin)]);
  pool.send(1, [parcel(3, 'ftp://example.com')]);
  await Promise.all([until('delivered 1 204'), until('failed 2 answered'), until('failed 3 refused')]);
  equal(told.length, 3);
});

test('handing back cuts short what is in flight and what waits for a slot, and tells of each', async (t) => {
  const receiver = await receiverOf(t, () => new Promise(() => {}));
  const { pool, told, until } = await startPool(t);
  pool.send(
    0,
    Array.from({ length: 6 }, (_, n) => parcel(n, receiver.origin)),
  );
  await receiver.until(() => receiver.requests.length === POLICY.slots);
  pool.handBack();
  await Promise.all(Array.from({ length: 6 }, (_, n) => until(`failed ${n} handed-back`)));
  equal(told.length, 6);
});

test('threads that are given more slots attempt more at once, also those that take the place of others', async (t) => {
  const receiver = await receiverOf(t, () => new Promise(() => {}));
  const { pool, until } = await startPool(t, deadly);
  const batch = (from: number) => Array.from({ length: 10 }, (_, n) => parcel(from + n, receiver.origin));
  pool.send(0, batch(0));
  await receiver.until(() => receiver.requests.length === POLICY.slots);
  pool.resize(10);
  await receiver.until(() => receiver.requests.length === 10);
  pool.send(1, [parcel(10, receiver.origin, 'kill.exit')]);
  await until('lost 1 serving');
  pool.send(1, batch(11));
  await receiver.until(() => receiver.requests.length === 20);
  pool.handBack();
  await until('failed 20 handed-back');
});

test('a pool tells for which share of the time its threads were busy', async (t) => {
  const receiver = await receiverOf(t);
  const { pool, until } = await startPool(t);
  equal(pool.busyShare(), 0, 'nothing is known yet');
  pool.send(0, [parcel(1, receiver.origin)]);
  await until('delivered 1 200');
  const share = pool.busyShare();
  ok(share > 0 && share < 1, `${share}`);
});

test('a thread that dies is told of and replaced, and what is sent meanwhile waits for the new one', async (t) => {
  const receiver = await receiverOf(t);
  const { pool, told, until } = await startPool(t, deadly);
  for (let death = 1; death <= 3; death++) {
    pool.send(0, [parcel(0, receiver.origin, 'kill.exit')]);
    pool.send(1, [parcel(death, receiver.origin)]);
    await until('lost 0 serving');
    told.splice(told.indexOf('lost 0 serving'), 1);
    pool.send(0, [parcel(10 + death, receiver.origin)]);
    await Promise.all([until(`delivered ${death} 200`), until(`delivered ${10 + death} 200`)]);
  }
  deepEqual(
    told.filter((what) => !what.startsWith('delivered')),
    [],
  );
  equal(receiver.requests.length, 6);
});

test('a module that threads cannot run fails the start, and leaves no thread', async (t) => {
  await rejects(startPool(t, new URL('file:///nowhere/entry.ts')), (error: Error) => {
    ok(error.message.includes('nowhere'), error.message);
    return true;
  });
});

test('a pool can be closed before it is started, and twice', async () => {
  const pool = new ThreadPool({ threads: 1, policy: POLICY });
  await pool.close();
  await pool.close();
});
