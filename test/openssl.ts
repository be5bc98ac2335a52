/** The openssl command, to compare with. */
import { spawnSync } from 'node:child_process';
import { provideCommand } from './provide-command.ts';

/** The HMAC-SHA256 of a message, by `openssl dgst`: `-hmac` for a key that is text, the key in hex otherwise. */
export function opensslHmac(key: string | Buffer, message: Buffer): Buffer {
  provideCommand('openssl', 'version', 'openssl');
  const keyed =
    typeof key === 'string' ? ['-hmac', key] : ['-mac', 'HMAC', '-macopt', `hexkey:${key.toString('hex')}`];
  const { status, stdout, stderr } = spawnSync('openssl', ['dgst', '-sha256', ...keyed, '-binary'], {
    input: message,
  });
  if (status !== 0) throw new Error(`openssl dgst failed: ${stderr}`);
  return stdout;
}
