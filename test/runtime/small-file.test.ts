import { deepEqual, equal } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readSmallFile } from '../../src/runtime/small-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'volley-small-file-'));
after(() => rmSync(folder, { recursive: true }));
const MAX_BYTES = 1_048_576;
const read = (path: string) => readSmallFile(path, MAX_BYTES, 'name another');

test('a file is read whole, also one as large as allowed, and through a symbolic link', () => {
  const path = join(folder, 'file');
  const content = Buffer.alloc(MAX_BYTES, 'x');
  writeFileSync(path, content);
  chmodSync(path, 0o640);
  symlinkSync('file', join(folder, 'link'));
  const file = read(join(folder, 'link'));
  deepEqual(file, { bytes: content, mode: 0o100_640 });
});

test('a file whose size is not told beforehand is read too', () => {
  const file = read('/proc/self/status');
  equal(file !== null && 'bytes' in file && file.bytes.toString().startsWith('Name:'), true);
});

test('what is not there is null', () => {
  equal(read(join(folder, 'none')), null);
});

test('what cannot serve is told at once, in one line with the fix', () => {
  const { username } = userInfo();
  const at = (name: string) => join(folder, name);
  writeFileSync(at('large'), Buffer.alloc(MAX_BYTES + 1));
  symlinkSync('circle', at('circle'));
  execFileSync('mkfifo', [at('pipe')]);
  const faults = {
    [folder]: 'is not a regular file: name another',
    [at('pipe')]: 'is not a regular file: name another',
    '/dev/zero': 'is not a regular file: name another',
    [at('large')]: 'is larger than 1 MiB: give the file that holds nothing else',
    [at('large/x')]: `cannot be read by user ${username} (ENOTDIR): name another`,
    [at('circle')]: `cannot be read by user ${username} (ELOOP): name another`,
  };
  for (const [path, fault] of Object.entries(faults)) deepEqual(read(path), { fault });
});
