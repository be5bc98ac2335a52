/**
 * The thread that the database lives in: node:sqlite blocks while it reads and writes, which neither a publisher's
 * caller nor the engine's main thread may. Calls are answered in order, but for those that wait.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { isBusy, sqliteFault } from './faults.ts';
import type { Fault, FromThread, Method, ThreadCalls, ThreadSettings, ToThread } from './messages.ts';
import { Store } from './store.ts';
import { WorkWatch } from './work-watch.ts';

/**
 * How often to try for a lock that another process holds, in milliseconds. SQLite's own waiting takes ever longer naps, up
 * to 100 ms, in which a busy publisher takes the lock a hundred times.
 */
const LOCK_RETRY_MS = 1;

const port = parentPort!;
const settings = workerData as ThreadSettings;

let store: Store;
let watch: WorkWatch;
/** The sync that calls of this turn of the event loop share; null when none is due. */
let sync: Promise<void> | null = null;

/** Resolves when all that is committed by the end of this turn is on disk. */
function synced(): Promise<void> {
  sync ??= new Promise((resolve, reject) => {
    setImmediate(() => {
      sync = null;
      try {
        resolve(store.sync());
      } catch (error) {
        reject(error);
      }
    });
  });
  return sync;
}

/** Those that write are no async functions: where the file is locked they throw at once, and `patiently` calls them again. */
const calls: ThreadCalls = {
  open() {
    store = new Store(settings);
    watch = new WorkWatch(store);
  },
  publish(envelopes) {
    store.publish(envelopes);
    watch.changed();
    return synced();
  },
  reserve({ count, bytes }) {
    return store.reserve(count, bytes);
  },
  reserveParked: ({ destination, count, bytes }) => store.reserveParked(destination, count, bytes),
  settle({ acks, moves }) {
    const result = store.settle(acks, moves);
    watch.changed();
    return result;
  },
  extend: () => store.extend(),
  reclaim() {
    const count = store.reclaim();
    if (count > 0) watch.changed();
    return count;
  },
  stats: () => store.stats(),
  listDead: ({ filter, limit }) => store.deadLetters.list(filter, limit),
  replayDead({ filter, limit }) {
    const count = store.write(() => store.deadLetters.replay(filter, limit));
    watch.changed();
    return count;
  },
  discardDead: ({ filter, limit }) => store.write(() => store.deadLetters.discard(filter, limit)),
  disableDestination({ destination, by, nowMs }) {
    const disabled = store.write(() => store.destinations.disable(destination, by, nowMs));
    return synced().then(() => disabled);
  },
  enableDestination({ destination }) {
    const count = store.write(() => store.destinations.enable(destination));
    watch.changed();
    return synced().then(() => count);
  },
  discardParked({ destination, limit }) {
    const count = store.discardParked(destination, limit);
    watch.changed();
    return count;
  },
  block: ({ destination, block }) => store.write(() => store.destinations.block(destination, block)),
  unblock({ destination }) {
    store.write(() => store.destinations.unblock(destination));
    watch.changed();
  },
  askProbe: ({ destination, forMs }) => store.write(() => store.destinations.askProbe(destination, forMs)),
  takeTokens: ({ wishes }) => store.write(() => store.rates.take(wishes)),
  rateDebtMs: ({ destination }) => store.rates.debtMs(destination),
  standings: ({ since }) => store.standings(since),
  waitForWork: ({ timeoutMs }) => watch.wait(timeoutMs),
  stopWaiting: () => watch.wakeAll(),
  async close() {
    watch?.close();
    await sync?.catch(() => {});
    store?.close();
  },
};

/** Runs a call again while another process holds a lock that it needs, for `lockWaitMs` at most. */
function patiently<Result>(call: () => Result): Result {
  const endMs = performance.now() + settings.lockWaitMs;
  for (;;) {
    try {
      return call();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= endMs) throw error;
      Atomics.wait(nap, 0, 0, LOCK_RETRY_MS);
    }
  }
}

/** Nobody wakes it: a wait on it is a sleep. */
const nap = new Int32Array(new SharedArrayBuffer(4));

async function answer({ number, method, argument }: ToThread): Promise<void> {
  try {
    const result = patiently(() => (calls[method] as (argument: unknown) => unknown)(argument));
    reply({ number, method, result: result instanceof Promise ? await result : result });
  } catch (error) {
    reply({ number, method, fault: faultOf(error) });
  }
  if (method === 'close') port.close();
}

function faultOf(error: unknown): Fault {
  const { code, message } = sqliteFault(error, settings.file);
  return { code, message };
}

/** The methods whose result carries a buffer, which moves to the caller instead of being copied. */
const CARRIES_BYTES: ReadonlySet<Method> = new Set(['reserve', 'reserveParked', 'listDead']);

function reply(message: FromThread): void {
  const { result } = message as { result?: { bytes: ArrayBuffer } };
  port.postMessage(message, result !== undefined && CARRIES_BYTES.has(message.method) ? [result.bytes] : []);
}

port.on('message', answer);
