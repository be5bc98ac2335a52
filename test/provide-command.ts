/** Commands that tests compare with or need; installed with apt-get (Debian, as root) where they are missing. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Makes sure that a command is there, which answers `versionFlag`. */
export function provideCommand(command: string, versionFlag: string, debianPackage: string): void {
  const isOnPath = () => spawnSync(command, [versionFlag]).status === 0;
  if (isOnPath()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const args of [['update'], ['install', '-y', '--no-install-recommends', debianPackage]])
      spawnSync('apt-get', ['-qq', ...args], { env });
  }
  if (!isOnPath())
    throw new Error(`no ${command} command: install it, for example with apt-get install ${debianPackage}`);
}
