/** Whether the clock is kept in step, as the programs tell that keep it. */
import { execFile } from 'node:child_process';
import type { Reading } from '../../host/reading.ts';
import type { MachineFacts } from '../facts.ts';

/** A program that asks a daemon which hangs is given up after this, in milliseconds. */
const PROGRAM_TIMEOUT_MS = 2_000;

/** Answers what a program printed; null where it is not there, fails, or takes too long. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string | null>;

export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    execFile(program, args, { timeout: PROGRAM_TIMEOUT_MS }, (error, stdout) =>
      resolve(error === null ? stdout : null),
    );
  });

/** Asks chrony, which knows most, and else systemd, which knows the kernel's own flag whoever sets it. */
export async function readClock(run: RunProgram): Promise<MachineFacts['clock']> {
  const tracking = await run('chronyc', ['-c', 'tracking']);
  if (tracking !== null) {
    // Comma-separated; the last field is the leap status, "Not synchronised" when there is no source.
    const leap = tracking.trim().split(',').at(-1) ?? '';
    return synchronised(leap !== 'Not synchronised' && leap !== '', 'chronyc');
  }
  const shown = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
  if (shown !== null) return synchronised(shown.trim() === 'yes', 'timedatectl');
  return { unread: 'neither chronyc nor timedatectl answers here', code: 'ENOENT' };
}

function synchronised(is: boolean, by: string): Reading<{ synchronised: boolean; by: string }> {
  return { value: { synchronised: is, by } };
}
