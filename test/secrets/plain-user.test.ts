import { equal, match } from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, ended } from '../cli/volley.ts';
import { CANARY } from './refusal.ts';

const AS_PLAIN_USER = fileURLToPath(new URL('as-plain-user.ts', import.meta.url));
/** Root may read anything: its tests run as `nobody`, who has a number only where there is no such name. */
const isRoot = process.getuid!() === 0;
const USER = isRoot ? '(?:nobody|65534)' : userInfo().username;
/** The exit code of a worker that has its secrets, and then finds nobody at this address. */
const NO_BROKER = 69;

/** `volley worker`, which comes as far as the broker when it has its secrets. */
function worker(flags: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const args = ['worker', '--broker', 'redis://127.0.0.1:1', ...flags];
  return ended(
    spawn(process.execPath, [AS_PLAIN_USER, ...args], {
      cwd: '/',
      env: { PATH: process.env['PATH'], ...env },
    }),
  );
}

/** A folder that all may enter, with a file of secrets in a folder in it. */
function place(t: TestContext, folderMode: number, fileMode: number, name = 'secrets') {
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
function commandIn(stderr: string): string {
  return /run "([^"]+)"/.exec(stderr)![1]!;
}

async function assertMended(refused: Ended, flags: readonly string[]): Promise<void> {
  execFileSync('sh', ['-c', commandIn(refused.stderr)]);
  const { code, stderr } = await worker(flags);
  equal(code, NO_BROKER, stderr);
}

// At once: each waits a while for the broker that is not there.
suite('as a plain user', { concurrency: true }, () => {
  test('a file the user may not read is named with the user and the command that mends it', async (t) => {
    const { file } = place(t, 0o755, 0o000);
    const refused = await worker(['--secrets', file]);
    equal(refused.code, 78);
    match(
      refused.stderr,
      new RegExp(
        `^volley: ${file} cannot be read by user ${USER} \\(EACCES\\): run "chown ${USER} '${file}' && chmod 400 '${file}'"\n$`,
      ),
    );
    await assertMended(refused, ['--secrets', file]);
  });

  test('a directory that bars the way to the file is named, with the command that opens it', async (t) => {
    const { folder, file } = place(t, 0o600, 0o644);
    const refused = await worker(['--secrets', file]);
    equal(refused.code, 78);
    const fix = isRoot
      ? `"chmod o\\+x '${folder}'", or for this user's group alone "chgrp 65534 '${folder}' && chmod g\\+x '${folder}'"`
      : `"chmod u\\+x '${folder}'"`;
    match(
      refused.stderr,
      new RegExp(
        `^volley: ${file} cannot be read by user ${USER} \\(EACCES, as it may not enter ${folder}\\): run ${fix}\n$`,
      ),
    );
    await assertMended(refused, ['--secrets', file]);
  });

  test('a directory behind a symbolic link is named as what it is', async (t) => {
    const { root, folder, file } = place(t, 0o600, 0o644);
    for (const [name, target] of Object.entries({ relative: 'webhook/../webhook', absolute: folder })) {
      const link = join(root, name);
      symlinkSync(target, link);
      const refused = await worker(['--secrets', join(link, 'secrets')]);
      match(refused.stderr, new RegExp(`^volley: ${link}/secrets cannot .*may not enter ${folder}\\)`));
    }
    symlinkSync(file, join(root, 'direct'));
    const refused = await worker(['--secrets', join(root, 'direct')]);
    await assertMended(refused, ['--secrets', join(root, 'direct')]);
  });

  test('where the directory is of the group of the user, its permission is the one that counts', async (t) => {
    const { folder, file } = place(t, 0o607, 0o644);
    if (isRoot) chownSync(folder, 0, 65_534);
    const refused = await worker(['--secrets', file]);
    match(refused.stderr, isRoot ? /run "chmod g\+x '/ : /run "chmod u\+x '/);
    await assertMended(refused, ['--secrets', file]);
  });

  test('HMAC_SECRET does not hide a file that cannot be read, as it may name secrets of destinations', async (t) => {
    const { file } = place(t, 0o755, 0o000);
    const { code, stderr } = await worker(['--secrets', file], { HMAC_SECRET: CANARY });
    equal(code, 78);
    match(stderr, /\(EACCES\): run "chown/);
  });

  test('a systemd credential that cannot be read is not passed over', async (t) => {
    for (const [folderMode, fileMode] of [
      [0o755, 0o000],
      [0o600, 0o644],
    ] as const) {
      const { folder, file } = place(t, folderMode, fileMode, 'webhook-secrets');
      const { code, stderr } = await worker([], { CREDENTIALS_DIRECTORY: folder });
      equal(code, 78);
      match(stderr, new RegExp(`^volley: ${file} cannot be read by user ${USER} \\(EACCES`));
    }
  });

  test('the worker warns in its log of a file that every user can read, and shows no secret', async (t) => {
    const { file } = place(t, 0o755, 0o644);
    const { code, stdout, stderr } = await worker(['--secrets', file, '--log-format', 'json']);
    equal(code, NO_BROKER);
    equal(
      JSON.parse(stdout.split('\n', 1)[0]!).msg,
      `${file} is readable by every user: run "chmod 640 '${file}'"`,
    );
    equal(`${stdout}${stderr}`.includes(CANARY), false);
  });
});
