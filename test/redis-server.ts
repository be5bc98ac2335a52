/** A real redis-server for tests, on a free port of the loopback, its files in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

export interface RedisServer {
  readonly url: string;
  readonly pid: number;
  /** Ends the server and deletes its files. */
  stop(): Promise<void>;
  /** Kills the server; its files stay for `restart`. */
  kill9(): Promise<void>;
  /** Starts it again after `kill9`, at the same address and on the same files. */
  restart(): Promise<void>;
}

export interface RedisSettings {
  /** When the append-only file is synced; no such file when absent. */
  readonly aof?: 'everysec' | 'always';
  /** More arguments, for example `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
}

/** A port may be taken between finding it free and using it. */
const PORT_TRIES = 5;

/** Starts a server, or where there is no redis-server takes the one that VOLLEY_TEST_REDIS_URL names and empties it. */
export async function startRedis(settings: RedisSettings = {}): Promise<RedisServer> {
  const shared = process.env['VOLLEY_TEST_REDIS_URL'];
  if (shared) return sharedServer(shared);
  const dir = await mkdtemp(join(tmpdir(), 'volley-redis-'));
  for (let left = PORT_TRIES; ; left--) {
    const port = await freePort();
    try {
      return serverOf(await launch(port, dir, settings), port, dir, settings);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

function serverOf(first: ChildProcess, port: number, dir: string, settings: RedisSettings): RedisServer {
  let child = first;
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid!;
    },
    async stop() {
      await end('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
    kill9: () => end('SIGKILL'),
    async restart() {
      child = await launch(port, dir, settings);
    },
  };
}

/** Resolves when the server accepts connections. */
async function launch(port: number, dir: string, { aof, args = [] }: RedisSettings): Promise<ChildProcess> {
  const persistence = aof === undefined ? [] : ['--appendonly', 'yes', '--appendfsync', aof];
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  const child = spawn('redis-server', [...place, ...persistence, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`redis-server has ended: ${said}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.includes('Ready to accept connections')) resolve();
    });
  });
  // What it says from here on is read and dropped: a full pipe would stop it.
  child.stdout.removeAllListeners('data').resume();
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function sharedServer(url: string): Promise<RedisServer> {
  const redis = new Redis(url);
  await redis.flushdb();
  redis.disconnect();
  const refuse = () => Promise.reject(new Error('this test ends its server: install redis-server'));
  return { url, pid: 0, stop: async () => {}, kill9: refuse, restart: refuse };
}
