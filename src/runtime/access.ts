/** What keeps this process from a file, and the command that mends it. */
import { readlinkSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { errorCode } from '../errors.ts';
import { userName } from './user-name.ts';

/** Symbolic links followed on the way to a file, as many as Linux follows; more are a circle. */
const MAX_LINKS = 40;

/** Why a file cannot be read, as what follows its path in a sentence. `elsewhere` is the fix where no permission is at fault. */
export function accessFault(path: string, code: string, elsewhere: string): string {
  const user = userName();
  const fault = `cannot be read by user ${user} (${code}`;
  if (code !== 'EACCES') return `${fault}): ${elsewhere}`;
  const folder = barringDirectory(path);
  if (folder !== null) return `${fault}, as it may not enter ${folder}): run ${entryFix(folder)}`;
  const word = shellWord(path);
  return `${fault}): run "chown ${user} ${word} && chmod 400 ${word}"`;
}

/** The first directory on the way to `path`, symbolic links followed, that this process may not enter; null for none. */
function barringDirectory(path: string): string | null {
  const ahead = namesOf(resolve(path));
  let at = '/';
  let links = 0;
  while (ahead.length > 0) {
    if (!mayEnter(at)) return at;
    const next = join(at, ahead.shift()!);
    const target = targetOf(next);
    if (target === null) {
      at = next;
      continue;
    }
    if (++links > MAX_LINKS) return null;
    ahead.unshift(...namesOf(target));
    if (isAbsolute(target)) at = '/';
  }
  return null;
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '');
}

/** To look at the dot in it takes the right to enter it, and asks as the user this process acts as. */
function mayEnter(folder: string): boolean {
  try {
    statSync(`${folder}/.`);
    return true;
  } catch (error) {
    return errorCode(error) !== 'EACCES';
  }
}

/** What a symbolic link says; null for what is none. */
function targetOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Of a directory's three permissions exactly one counts: its owner's, or else its group's, or else everyone's. */
function entryFix(folder: string): string {
  const word = shellWord(folder);
  const { uid, gid } = statSync(folder);
  const group = process.getegid!();
  if (uid === process.geteuid!()) return `"chmod u+x ${word}"`;
  if (gid === group || process.getgroups!().includes(gid)) return `"chmod g+x ${word}"`;
  return `"chmod o+x ${word}", or for this user's group alone "chgrp ${group} ${word} && chmod g+x ${word}"`;
}

/** The text as one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
