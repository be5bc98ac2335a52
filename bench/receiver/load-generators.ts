/** Load generators that others have written: they send the same request again and again, unsigned, and count answers. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TRUST_RECEIVERS } from './receivers.ts';

export interface GeneratorLoad {
  /** Connections that send at once, of all threads together. */
  readonly connections: number;
  readonly threads: number;
  /** Whole seconds. */
  readonly seconds: number;
  readonly bodyBytes: number;
}

/** Requests answered a second; null where the generator is not installed. */
export type Generator = (url: string, load: GeneratorLoad) => Promise<number | null>;

export const GENERATORS = { autocannon: byAutocannon, wrk: byWrk } as const satisfies Record<
  string,
  Generator
>;

export async function byAutocannon(
  url: string,
  { connections, threads, seconds, bodyBytes }: GeneratorLoad,
): Promise<number> {
  const program = fileURLToPath(import.meta.resolve('autocannon'));
  const load = ['--duration', String(seconds), '--connections', String(connections)];
  // It runs in one thread, its own, unless it is told of workers.
  const workers = threads === 1 ? [] : ['--workers', String(threads)];
  const request = ['--method', 'POST', '--body', 'x'.repeat(bodyBytes), url];
  const args = ['--json', '--no-progress', ...load, ...workers, ...request];
  const output = await outputOf(process.execPath, [program, ...args]);
  const { duration, '2xx': answered } = JSON.parse(output!) as { duration: number; '2xx': number };
  return Math.round(answered / duration);
}

export async function byWrk(
  url: string,
  { connections, threads, seconds, bodyBytes }: GeneratorLoad,
): Promise<number | null> {
  const script = fileURLToPath(new URL('post.lua', import.meta.url));
  const load = ['--threads', String(threads), '--connections', String(connections)];
  const args = [...load, '--duration', `${seconds}s`, '--script', script, url, '--', String(bodyBytes)];
  const output = await outputOf('wrk', args);
  return output === null ? null : Math.round(Number(/Requests\/sec:\s*([\d.]+)/.exec(output)![1]));
}

/** What a program prints; null where it is not installed. Rejects when it fails. */
function outputOf(program: string, args: readonly string[]): Promise<string | null> {
  const child = spawn(program, args, {
    env: { ...process.env, ...TRUST_RECEIVERS },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(null) : reject(error),
    );
    child.once('close', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`${program} ended with ${code}`)),
    );
  });
}
