/** Why this process cannot read a file, and the command that mends it. */
import { readlink, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { errorCode, type VolleyError } from '../errors.ts';
import { userName } from '../runtime/user-name.ts';
import { unusable } from './check.ts';

/** Symbolic links followed on the way to a file, as many as Linux follows; more are a circle. */
const MAX_LINKS = 40;

/** The error for a file that this process cannot read. `elsewhere` is the fix where no permission is at fault. */
export async function unreadable(path: string, code: string, elsewhere: string): Promise<VolleyError> {
  const user = userName();
  const fault = `${path} cannot be read by user ${user} (${code}`;
  if (code !== 'EACCES') return unusable(`${fault}): ${elsewhere}`);
  const folder = await barringDirectory(path);
  if (folder !== null)
    return unusable(`${fault}, as it may not enter ${folder}): run ${await entryFix(folder)}`);
  const word = shellWord(path);
  return unusable(`${fault}): run "chown ${user} ${word} && chmod 400 ${word}"`);
}

/** The first directory on the way to `path`, symbolic links followed, that this process may not enter; null for none. */
async function barringDirectory(path: string): Promise<string | null> {
  const ahead = namesOf(resolve(path));
  let at = '/';
  let links = 0;
  while (ahead.length > 0) {
    if (!(await mayEnter(at))) return at;
    const next = join(at, ahead.shift()!);
    const target = await readlink(next).catch(() => null);
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
function mayEnter(folder: string): Promise<boolean> {
  return stat(`${folder}/.`).then(
    () => true,
    (error) => errorCode(error) !== 'EACCES',
  );
}

/** Of a directory's three permissions exactly one counts: its owner's, or else its group's, or else everyone's. */
async function entryFix(folder: string): Promise<string> {
  const word = shellWord(folder);
  const { uid, gid } = await stat(folder);
  const group = process.getegid!();
  if (uid === process.geteuid!()) return `"chmod u+x ${word}"`;
  if (gid === group || process.getgroups!().includes(gid)) return `"chmod g+x ${word}"`;
  return `"chmod o+x ${word}", or for this user's group alone "chgrp ${group} ${word} && chmod g+x ${word}"`;
}

/** The text as one word of a shell's command line. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
