/** A redis-server of the benchmark's own: fresh for each run, so that no contender meets another's memory or log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { VolleyError } from '../src/errors.ts';

export interface RedisServer {
  readonly port: number;
  /** Ends the server and deletes its files. */
  close(): Promise<void>;
}

/** When its log is synced to disk: every second, or before each answer. */
export type AppendFsync = 'everysec' | 'always';

/** Starts a server on a free port with `--appendonly yes`. VOLLEY_CONFIG when redis-server is not installed. */
export async function startRedis(appendfsync: AppendFsync = 'everysec'): Promise<RedisServer> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'volley-bench-'));
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'yes',
    appendfsync,
    // A rewrite in the middle of one contender's run and not of another's would be noise.
    'auto-aof-rewrite-percentage': 0,
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const server = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const removeFiles = () => rmSync(directory, { recursive: true, force: true });
  const onExit = () => {
    server.kill('SIGKILL');
    removeFiles();
  };
  process.once('exit', onExit);
  const exited = new Promise((resolve) => server.once('close', resolve));

  const ready = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    ready.reject(
      new VolleyError(
        'VOLLEY_CONFIG',
        'redis-server is not on PATH: install it (apt-get install redis-server)',
        {
          cause,
        },
      ),
    ),
  );
  server.once('exit', (code) => ready.reject(new Error(`redis-server on port ${port} ended with ${code}`)));
  createInterface(server.stdout).on('line', (line) => {
    if (line.includes('Ready to accept connections')) ready.resolve();
  });
  await ready.promise;

  return {
    port,
    async close() {
      process.off('exit', onExit);
      server.kill('SIGKILL');
      await exited;
      removeFiles();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** What the redis-server on this port has used so far. */
export async function redisCpuSeconds(port: number): Promise<number> {
  const redis = new Redis(port, '127.0.0.1');
  const info = await redis.info('cpu');
  redis.disconnect();
  const seconds = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, value]) => Number(value));
  return seconds.reduce((sum, value) => sum + value, 0);
}
