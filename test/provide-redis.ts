/**
 * Finds the tests a real redis-server, the first that can be had of: one on PATH, one installed with apt-get
 * (Debian, as root), a container, the server that VOLLEY_TEST_REDIS_URL names.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

export type ProvidedRedis =
  /** `redis-server` is on PATH; every test starts its own. */
  | { readonly kind: 'binary' }
  /** One server for all tests; `remove` ends it if it was started for them. */
  | { readonly kind: 'shared'; readonly url: string; readonly remove: () => void }
  | { readonly kind: 'none'; readonly fix: string };

/** The oldest server that Volley works with (src/broker/redis/fitness.ts). */
const OLDEST = [6, 2] as const;
const IMAGE = 'redis:7-alpine';
/** Docker answers within this, or is taken to be absent: its client waits long for an engine that is not there. */
const DOCKER_ANSWER_MS = 10_000;
/** A fresh container serves within a second; this bounds the wait for one that never will. */
const CONTAINER_READY_MS = 20_000;

/** Takes what is there, or installs it; `say` gets a line when something takes time or is second best. */
export function provideRedis(say: (line: string) => void): ProvidedRedis {
  if (isOnPath()) return { kind: 'binary' };
  if (installWithApt(say)) return { kind: 'binary' };
  const shared = startContainer(say) ?? fromEnvironment();
  if (shared === null) {
    return {
      kind: 'none',
      fix: `no redis-server >= ${OLDEST.join('.')}: install it (apt-get install redis-server, brew install redis), start Docker, or set VOLLEY_TEST_REDIS_URL`,
    };
  }
  say(
    `no redis-server on PATH, so all tests share ${shared.url}; those that kill or restart the server need the binary and will fail: install redis-server`,
  );
  return shared;
}

function isOnPath(): boolean {
  const { stdout } = spawnSync('redis-server', ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(stdout ?? '') ?? [];
  if (major === undefined) return false;
  return Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
}

function installWithApt(say: (line: string) => void): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  say('installing redis-server with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) => spawnSync('apt-get', ['-qq', ...args], { env, encoding: 'utf8' });
  const { status, stderr } = withoutStartingServices(() => {
    const update = apt('update');
    return update.status === 0 ? apt('install', '-y', '--no-install-recommends', 'redis-server') : update;
  });
  if (status !== 0) say(`apt-get failed: ${stderr?.trim().split('\n').at(-1) ?? ''}`);
  // The package also has the server started at the next boot, which nobody asked for.
  else spawnSync('systemctl', ['disable', 'redis-server']);
  return status === 0 && isOnPath();
}

/** Debian's way to install a service without starting it: a policy that forbids starts (invoke-rc.d(8)). */
function withoutStartingServices<Result>(install: () => Result): Result {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return install();
  const remove = () => rmSync(policy, { force: true });
  process.once('exit', remove);
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return install();
  } finally {
    remove();
    process.off('exit', remove);
  }
}

function startContainer(say: (line: string) => void): (ProvidedRedis & { kind: 'shared' }) | null {
  const docker = (...args: string[]) => spawnSync('docker', args, { encoding: 'utf8' });
  if (spawnSync('docker', ['info'], { stdio: 'ignore', timeout: DOCKER_ANSWER_MS }).status !== 0) return null;
  say(`starting ${IMAGE} with Docker`);
  const started = docker(
    'run',
    '--detach',
    '--rm',
    '--publish',
    '127.0.0.1::6379',
    IMAGE,
    'redis-server',
    '--appendonly',
    'yes',
  );
  const container = started.stdout.trim();
  if (started.status !== 0) {
    say(`docker run failed: ${started.stderr.trim().split('\n').at(-1) ?? ''}`);
    return null;
  }
  const remove = () => void docker('rm', '--force', container);
  const ping = ['exec', container, 'sh', '-c', 'until redis-cli ping; do sleep 0.1; done'];
  spawnSync('docker', ping, { stdio: 'ignore', timeout: CONTAINER_READY_MS });
  const port = /:(\d+)\s*$/m.exec(docker('port', container, '6379/tcp').stdout)?.[1];
  if (port === undefined) {
    remove();
    say(`docker run failed: ${IMAGE} has no port 6379`);
    return null;
  }
  return { kind: 'shared', url: `redis://127.0.0.1:${port}`, remove };
}

function fromEnvironment(): (ProvidedRedis & { kind: 'shared' }) | null {
  const url = process.env['VOLLEY_TEST_REDIS_URL'];
  return url === undefined || url === '' ? null : { kind: 'shared', url, remove: () => {} };
}
