import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import { countingReceiverOf } from '../receiver.ts';
import { MemoryWatch, queueEvents } from './memory.ts';
import { newQueue, redisOfFile, startEngine } from './running.ts';

const redis = redisOfFile();
/** 60 MB in all: had they been kept, the growth would show. */
const EVENTS = 60_000;
const PAYLOAD_BYTES = 1_000;
/** What garbage not yet collected may add; the heaps of two threads and this one are small. */
const SLACK_MB = 40;

test('the resident set is flat once it runs, however long the queue is', { timeout: 120_000 }, async (t) => {
  const queue = await newQueue(t, redis.url);
  const watch = new MemoryWatch(EVENTS, 10);
  const receiver = await countingReceiverOf(t, () => watch.delivered());
  await queueEvents(queue.watch, receiver.origin, EVENTS, PAYLOAD_BYTES);
  const { engine } = await startEngine(t, queue, { concurrency: 20, onSettled: () => {} });
  await engine.whenIdle();
  t.diagnostic(watch.samples.map(({ delivered, rssMb }) => `${delivered}: ${rssMb} MB`).join(', '));
  equal(watch.samples.length, 10);
  const [, , third] = watch.samples;
  const last = watch.samples.at(-1)!;
  ok(last.rssMb <= third!.rssMb + SLACK_MB, `${third!.rssMb} MB after 30 %, ${last.rssMb} MB at the end`);
});
