/**
 * Volley as a library, with nothing to install: publishes ten events to the embedded broker and delivers them to a
 * receiver in this process. Run it with `node examples/library.ts` (Node 24 or newer; in your own project, import
 * from 'volley').
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine, Publisher } from '../src/index.ts';

const receiver = createServer((request, response) => {
  console.log('received', request.headers['x-webhook-id'], request.headers['x-hub-signature-256']);
  request.resume().on('end', () => response.end());
}).listen(0, '127.0.0.1');
await new Promise((resolve) => receiver.once('listening', resolve));
const { port } = receiver.address() as AddressInfo;

const folder = await mkdtemp(join(tmpdir(), 'volley-example-'));
const broker = `sqlite:${join(folder, 'volley.db')}`;

const publisher = new Publisher({ broker });
await publisher.publish(
  Array.from({ length: 10 }, (_, number) => ({
    url: `http://127.0.0.1:${port}/hooks`,
    type: 'example.counted',
    payload: { number },
  })),
);
await publisher.close();

const engine = new Engine({
  broker,
  signingSecrets: ['change-me'],
  // Only https to public addresses is delivered to unless more is allowed.
  allowHttp: true,
  allowNet: ['127.0.0.0/8'],
  allowPort: [port],
});
await engine.start();
await engine.whenIdle();
const { delivered, latencyMs } = engine.snapshot();
console.log(`${delivered} delivered, median ${latencyMs.p50} ms`);
await engine.stop();

receiver.close();
await rm(folder, { recursive: true });
