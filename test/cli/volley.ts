/** Runs the command as a process of its own, in a folder of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';

export const ENTRY = resolve(import.meta.dirname, '../../bin/volley.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
}

/** A folder that is deleted after the test. */
export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'volley-cli-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the command with an environment that holds nothing of the test's but PATH. */
export function start(
  args: readonly string[],
  { env = {}, cwd = tmpdir() }: RunSettings = {},
): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
  });
  // A command that ends without reading its input closes it.
  child.stdin.on('error', () => {});
  return child;
}

/** Runs the command to its end. */
export async function volley(args: readonly string[], settings: RunSettings = {}): Promise<Ended> {
  const child = start(args, settings);
  child.stdin.end(settings.input ?? '');
  return ended(child);
}

/** What a started command printed, and its exit code, once it has ended. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
