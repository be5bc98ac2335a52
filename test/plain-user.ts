/** What tests of permissions need: a user who is not root, and files that this user may not read. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { CANARY } from './secrets/refusal.ts';

/** The number of `nobody`. */
const NOBODY = 65_534;
/** Root may read anything: its tests run as `nobody`, who has a number only where there is no such name. */
export const isRoot = process.getuid!() === 0;
/** What messages call the plain user, for a regular expression. */
export const PLAIN_USER = isRoot ? '(?:nobody|65534)' : userInfo().username;

/** From here on this process is of no root, whoever runs the tests. What it loads later it may not be allowed to read. */
export function becomePlainUser(): void {
  if (!isRoot) return;
  process.setgroups!([]);
  process.setgid!(NOBODY);
  process.setuid!(NOBODY);
}

/** A folder that all may enter, with a file in a folder in it; a space is in the paths. */
export function barredPlace(t: TestContext, folderMode: number, fileMode: number, name = 'secrets') {
  const root = mkdtempSync(join(tmpdir(), 'volley plain user-'));
  chmodSync(root, 0o755);
  const folder = join(root, 'webhook');
  const file = join(folder, name);
  mkdirSync(folder);
  writeFileSync(file, `${CANARY}\n`);
  chmodSync(file, fileMode);
  chmodSync(folder, folderMode);
  t.after(() => {
    chmodSync(folder, 0o700);
    rmSync(root, { recursive: true });
  });
  return { root, folder, file };
}

/** The first command in a message, as one would copy it. */
export function commandIn(message: string): string {
  return /run "([^"]+)"/.exec(message)![1]!;
}
