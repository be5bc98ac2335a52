/** The openssl command, to compare with; installed with apt-get (Debian, as root) where it is missing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** The HMAC-SHA256 of a message, by `openssl dgst`: `-hmac` for a key that is text, the key in hex otherwise. */
export function opensslHmac(key: string | Buffer, message: Buffer): Buffer {
  provide();
  const keyed =
    typeof key === 'string' ? ['-hmac', key] : ['-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`];
  const { status, stdout, stderr } = spawnSync('openssl', ['dgst', '-sha256', ...keyed, '-binary'], {
    input: message,
  });
  if (status !== 0) throw new Error(`openssl dgst failed: ${stderr}`);
  return stdout;
}

function provide(): void {
  if (isOnPath()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', 'openssl']])
      spawnSync('apt-get', ['-qq', ...args], { env });
  }
  if (!isOnPath())
    throw new Error('no openssl command: install it (apt-get install openssl, brew install openssl)');
}

function isOnPath(): boolean {
  return spawnSync('openssl', ['version']).status === 0;
}
