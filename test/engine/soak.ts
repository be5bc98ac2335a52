/**
 * `node test/engine/soak.ts [EVENTS [PAYLOAD_BYTES]]`: queues events on a Redis of its own (1 000 000 of 200 bytes),
 * delivers them to a receiver in the same process, and prints the resident set all along. Not part of `npm test`.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brokerFor } from '../../src/broker/open.ts';
import { idMint } from '../../src/delivery/ids.ts';
import { Engine } from '../../src/engine.ts';
import { startRedis } from '../redis-server.ts';
import { MemoryWatch, queueEvents } from './memory.ts';

const [events = 1_000_000, payloadBytes = 200] = process.argv.slice(2).map(Number);
const QUEUE = 'soak';

const startedMs = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - startedMs) / 1000).toFixed(1)} s  ${line}`);
const watch = new MemoryWatch(events, 20, ({ delivered, rssMb }) =>
  say(`${delivered} delivered, ${rssMb} MB`),
);
const receiver = createServer((request, response) => {
  request.resume().on('end', () => {
    response.end();
    watch.delivered();
  });
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
const redis = await startRedis({ aof: 'everysec' });
const publisher = brokerFor(redis.url, {
  queue: QUEUE,
  leaseMs: 20_000,
  mintToken: idMint(Date.now, randomBytes),
  commandTimeoutMs: 30_000,
});
await publisher.open();
await queueEvents(publisher, url, events, payloadBytes);
say(`${events} queued`);
const engine = new Engine({
  broker: redis.url,
  queue: QUEUE,
  signingSecrets: ['soak'],
  allowHttp: true,
  allowNet: ['127.0.0.0/8'],
  allowPort: [0],
});
await engine.start();
await engine.whenIdle();
const { delivered, retried, dead } = engine.snapshot();
say(`delivered ${delivered}, retried ${retried}, dead ${dead}`);
await engine.stop();
await publisher.close();
receiver.close();
receiver.closeAllConnections();
await redis.stop();
