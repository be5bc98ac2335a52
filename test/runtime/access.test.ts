import { equal, match } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { barredPlace, commandIn, isRoot, PLAIN_USER } from '../plain-user.ts';

const AS_PLAIN_USER = fileURLToPath(new URL('as-plain-user.ts', import.meta.url));

/** What a plain user is told of a file, or `read`. */
function toldOf(path: string): string {
  return execFileSync(process.execPath, [AS_PLAIN_USER, path], { cwd: '/', encoding: 'utf8' }).trim();
}

function assertMended(path: string, told: string): void {
  execFileSync('sh', ['-c', commandIn(told)]);
  equal(toldOf(path), 'read');
}

test('a file the user may not read is told with the user and the command that mends it', (t) => {
  const { file } = barredPlace(t, 0o755, 0o000);
  const told = toldOf(file);
  match(
    told,
    new RegExp(
      `^cannot be read by user ${PLAIN_USER} \\(EACCES\\): run "chown ${PLAIN_USER} '${file}' && chmod 400 '${file}'"$`,
    ),
  );
  assertMended(file, told);
});

test('a directory that bars the way to the file is named, with the command that opens it', (t) => {
  const { folder, file } = barredPlace(t, 0o600, 0o644);
  const told = toldOf(file);
  const fix = isRoot
    ? `"chmod o\\+x '${folder}'", or for this user's group alone "chgrp 65534 '${folder}' && chmod g\\+x '${folder}'"`
    : `"chmod u\\+x '${folder}'"`;
  match(
    told,
    new RegExp(
      `^cannot be read by user ${PLAIN_USER} \\(EACCES, as it may not enter ${folder}\\): run ${fix}$`,
    ),
  );
  assertMended(file, told);
});

test('a directory behind a symbolic link is named as what it is', (t) => {
  const { root, folder, file } = barredPlace(t, 0o600, 0o644);
  for (const [name, target] of Object.entries({ relative: 'webhook/../webhook', absolute: folder })) {
    const link = join(root, name);
    symlinkSync(target, link);
    match(toldOf(join(link, 'secrets')), new RegExp(`may not enter ${folder}\\)`));
  }
  const direct = join(root, 'direct');
  symlinkSync(file, direct);
  assertMended(direct, toldOf(direct));
});

test('where the directory is of the group of the user, its permission is the one that counts', (t) => {
  const { folder, file } = barredPlace(t, 0o607, 0o644);
  if (isRoot) chownSync(folder, 0, 65_534);
  const told = toldOf(file);
  match(told, isRoot ? /run "chmod g\+x '/ : /run "chmod u\+x '/);
  assertMended(file, told);
});
