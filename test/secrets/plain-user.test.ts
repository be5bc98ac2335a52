import { equal, match } from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Ended, ended } from '../cli/volley.ts';
import { barredPlace, commandIn, PLAIN_USER } from '../plain-user.ts';
import { CANARY } from './refusal.ts';

const AS_PLAIN_USER = fileURLToPath(new URL('as-plain-user.ts', import.meta.url));
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

// At once: each waits a while for the broker that is not there.
suite('as a plain user', { concurrency: true }, () => {
  test('a file the user may not read is named with the user and the command that mends it', async (t) => {
    const { file } = barredPlace(t, 0o755, 0o000);
    const refused = await worker(['--secrets', file]);
    equal(refused.code, 78);
    match(
      refused.stderr,
      new RegExp(
        `^volley: ${file} cannot be read by user ${PLAIN_USER} \\(EACCES\\): run "chown ${PLAIN_USER} '${file}' && chmod 400 '${file}'"\n$`,
      ),
    );
    execFileSync('sh', ['-c', commandIn(refused.stderr)]);
    const { code, stderr } = await worker(['--secrets', file]);
    equal(code, NO_BROKER, stderr);
  });

  test('HMAC_SECRET does not hide a file that cannot be read, as it may name secrets of destinations', async (t) => {
    const { file } = barredPlace(t, 0o755, 0o000);
    const { code, stderr } = await worker(['--secrets', file], { HMAC_SECRET: CANARY });
    equal(code, 78);
    match(stderr, /\(EACCES\): run "chown/);
  });

  test('a systemd credential that cannot be read is not passed over', async (t) => {
    for (const [folderMode, fileMode] of [
      [0o755, 0o000],
      [0o600, 0o644],
    ] as const) {
      const { folder, file } = barredPlace(t, folderMode, fileMode, 'webhook-secrets');
      const { code, stderr } = await worker([], { CREDENTIALS_DIRECTORY: folder });
      equal(code, 78);
      match(stderr, new RegExp(`^volley: ${file} cannot be read by user ${PLAIN_USER} \\(EACCES`));
    }
  });

  test('the worker warns in its log of a file that every user can read, and shows no secret', async (t) => {
    const { file } = barredPlace(t, 0o755, 0o644);
    const { code, stdout, stderr } = await worker(['--secrets', file, '--log-format', 'json']);
    equal(code, NO_BROKER);
    equal(
      JSON.parse(stdout.split('\n', 1)[0]!).msg,
      `${file} is readable by every user: run "chmod 640 '${file}'"`,
    );
    equal(`${stdout}${stderr}`.includes(CANARY), false);
  });
});
