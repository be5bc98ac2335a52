import { equal, ok } from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import test from 'node:test';
import { countingReceiverOf } from '../receiver.ts';
import { eachBroker, startEngine } from './running.ts';

const CAP_BYTES = 4_000_000;
const BODY_BYTES = 10_000;
const EVENTS = 400;
/** What may go at once: 25 ms at the cap, and one delivery. */
const BURST_BYTES = (CAP_BYTES * 25) / 1_000 + 2 * BODY_BYTES;

const brokers = eachBroker();

test('a receiver gets no more in a time than --max-egress allows, and everything in the end', async (t) => {
  const queue = await brokers.Redis(t);
  const arrivals: { readonly atMs: number; readonly bytes: number }[] = [];
  const receiver = await countingReceiverOf(t, (body, head) =>
    arrivals.push({ atMs: performance.now(), bytes: body.length + head.length }),
  );
  const { until, settled } = await startEngine(t, queue, {
    maxEgressBytesPerSecond: CAP_BYTES,
    concurrency: 50,
  });
  const startedMs = performance.now();
  const payload = 'x'.repeat(BODY_BYTES);
  await queue.push(
    ...Array.from({ length: EVENTS }, (_, n) => ({
      url: `${receiver.origin}/`,
      type: 't',
      payload,
      destination: `d${n % 10}`,
    })),
  );
  await until(() => settled.length === EVENTS);
  equal(settled.filter(({ kind }) => kind === 'delivered').length, EVENTS);
  equal(arrivals.length, EVENTS);
  let bytes = 0;
  for (const { atMs, bytes: more } of arrivals) {
    bytes += more;
    const allowed = (CAP_BYTES * (atMs - startedMs)) / 1_000 + BURST_BYTES;
    ok(bytes <= allowed, `${bytes} bytes after ${atMs - startedMs} ms`);
  }
});
