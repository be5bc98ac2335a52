import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { folderOf } from '../cli/volley.ts';
import { inNamespace } from './namespace.ts';
import { startWorker, type WorkerLimits } from './worker.ts';

const HOSTS = 2_000;
/** Files that may be open for a moment beside the sockets that are allowed: name servers are asked, sockets are closing. */
const SLACK = 40;
const MAX_GROWTH = 1.2;

const manyHosts = (t: TestContext, flags: readonly string[], limits: WorkerLimits = {}) =>
  inNamespace<typeof import('./scenarios/sockets.ts'), 'manyHosts'>(
    t,
    'sockets',
    'manyHosts',
    HOSTS,
    ['--threads', '2', '--concurrency', '10', ...flags],
    limits,
  );

test('--max-sockets bounds what is open to very many hosts; memory stays, and all is closed again', async (t) => {
  const { most, memoryBytes, received, failures } = await manyHosts(t, ['--max-sockets', '200']);
  deepEqual([received, failures], [3 * HOSTS, 0]);
  ok(most <= 200 + SLACK, `${most} open`);
  // It keeps connections as well: the bound is not met by closing each at once.
  ok(most >= 200, `${most} open`);
  const [, second = 0, third = 0] = memoryBytes;
  ok(third / second < MAX_GROWTH, `${second} bytes, then ${third}`);
});

test('without --max-sockets the limit on open files bounds what is open, and is not met', async (t) => {
  const { most, received, failures } = await manyHosts(t, [], { openFiles: 500 });
  deepEqual([received, failures], [3 * HOSTS, 0]);
  ok(most <= 500 - 128 + SLACK, `${most} open`);
  ok(most >= 200, `${most} open`);
});

test('a worker that has more slots than open files says so at its start', async (t) => {
  const broker = `sqlite:${join(folderOf(t), 'volley.db')}`;
  const flags = ['--broker', broker, '--threads', '1', '--concurrency', '20'];
  for (const limits of [{ openFiles: 100 }, {}]) {
    const worker = await startWorker(flags, limits);
    equal(await worker.stop(), 0);
    const warned = worker.lines.some(({ msg }) => msg.startsWith('more slots than open files allow'));
    equal(warned, 'openFiles' in limits);
  }
});
