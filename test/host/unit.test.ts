import { equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ENTRY } from '../cli/volley.ts';
import { provideCommand } from '../provide-command.ts';

const LIMITS = resolve(import.meta.dirname, '../../limits');
const UNIT = 'webhook-worker.service';
/** Exposure by systemd-analyze security, times ten: 1.9 when this was written, and what versions of it differ by. */
const MOST_EXPOSED = 25;

/** A folder with the unit and these drop-ins; its command is one that is there, as systemd looks for it. */
function installed(t: TestContext, dropIns: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'volley-unit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const text = readFileSync(join(LIMITS, UNIT), 'utf8').replace('/usr/local/bin/volley', ENTRY);
  writeFileSync(join(folder, UNIT), text);
  for (const name of dropIns) cpSync(join(LIMITS, `${UNIT}.d`, name), join(folder, `${UNIT}.d`, name));
  return folder;
}

function verify(folder: string) {
  provideCommand('systemd-analyze', '--version', 'systemd');
  return spawnSync('systemd-analyze', ['verify', '--man=no', join(folder, UNIT)], { encoding: 'utf8' });
}

test('systemd accepts the unit, alone and with every drop-in', (t) => {
  for (const dropIns of [[], readdirSync(join(LIMITS, `${UNIT}.d`))]) {
    const { status, stderr } = verify(installed(t, dropIns));
    equal(stderr, '');
    equal(status, 0);
  }
});

test('it would not accept a directive that there is not, in the unit or a drop-in', (t) => {
  const folder = installed(t, ['10-privileged-port.conf']);
  writeFileSync(join(folder, `${UNIT}.d`, '10-privileged-port.conf'), '[Service]\nWatchdogSeconds=3\n');
  match(verify(folder).stderr, /Unknown key.* 'WatchdogSeconds'/);
});

test('it leaves as little open as before: systemd says so, where 10 is everything', (t) => {
  const folder = installed(t, []);
  const { status, stdout, stderr } = spawnSync(
    'systemd-analyze',
    ['security', '--offline=true', `--threshold=${MOST_EXPOSED}`, join(folder, UNIT)],
    { encoding: 'utf8' },
  );
  equal(status, 0, `${stdout.slice(-200)}${stderr}`);
});
