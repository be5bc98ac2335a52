/** A thread of the raw loop: `slotsPerThread` requests in flight, the next one sent by the handler of the last. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Dispatcher, Pool } from 'undici';
import { payloads } from '../payload.ts';
import type { Job } from './contender.ts';
import { Signer } from './request.ts';

/** How far a thread is since it was told to begin. */
export interface RawProgress {
  completed: number;
  failed: number;
  /** When the latest answer was complete, epoch milliseconds; 0 until all are. */
  lastAtMs: number;
}

/** Deliveries between two reports to the main thread: few enough of them to cost nothing. */
const TELL_EVERY = 4_096;

const { urls, slotsPerThread, bodyBytes, secret } = workerData as Job;
const signer = new Signer(secret);
const bodies = payloads(bodyBytes).map((payload) => Buffer.from(JSON.stringify(payload)));
const eventSeconds = Math.floor(Date.now() / 1000).toString();
const destinations = urls.map((text) => {
  const url = new URL(text);
  const pool = new Pool(url.origin, {
    connections: slotsPerThread,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return { pool, path: url.pathname };
});

let sent = 0;
let target = 0;
let progress: RawProgress = { completed: 0, failed: 0, lastAtMs: 0 };

/** Sends one request after the other. */
class Slot implements Dispatcher.DispatchHandler {
  #status = 0;

  sendNext(): void {
    if (sent === target) return;
    const destination = destinations[sent % destinations.length]!;
    const body = bodies[sent % bodies.length]!;
    sent += 1;
    const headers = signer.headers(`evt_01JRAWLOOP${sent}`, eventSeconds, '1', body);
    destination.pool.dispatch({ path: destination.path, method: 'POST', headers, body }, this);
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    this.#status = status;
  }

  onResponseData(): void {}

  onResponseEnd(): void {
    this.#settle(this.#status === 200);
  }

  onResponseError(): void {
    this.#settle(false);
  }

  #settle(delivered: boolean): void {
    if (delivered) progress.completed += 1;
    else progress.failed += 1;
    const ended = progress.completed + progress.failed;
    if (ended === target) progress.lastAtMs = Date.now();
    if (ended === target || ended % TELL_EVERY === 0) parentPort!.postMessage(progress);
    this.sendNext();
  }
}

const slots = Array.from({ length: slotsPerThread }, () => new Slot());

parentPort!.on('message', async (count: number | null) => {
  if (count === null) {
    await Promise.all(destinations.map(({ pool }) => pool.close()));
    parentPort!.close();
    return;
  }
  sent = 0;
  target = count;
  progress = { completed: 0, failed: 0, lastAtMs: 0 };
  for (const slot of slots) slot.sendNext();
});
parentPort!.postMessage('ready');
