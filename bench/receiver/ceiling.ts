/** How many requests a second the mock receivers can answer at all: what is measured against them must stay well below. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { OnProgress } from '../scenario.ts';
import type { Scheme } from './group.ts';
import { allOk, Receivers, TRUST_RECEIVERS } from './receivers.ts';

/** Requests a second, as each load generator found it; null where that is not installed. The generators share the cores too. */
export interface Ceiling {
  readonly autocannon: number;
  readonly wrk: number | null;
}

/** Connections that send at once. */
const CONNECTIONS = 40;
/** Body of a request, in bytes; the same in post.lua. */
const BODY_BYTES = 1_024;
/** How long each generator sends, in seconds: autocannon takes whole ones. */
const SECONDS = 1;

/** Null in a quick run, which has no figures that could mean something. */
export async function receiverCeiling(
  scheme: Scheme,
  quick: boolean,
  onProgress: OnProgress,
): Promise<Ceiling | null> {
  if (quick) return null;
  onProgress('the receivers alone');
  const receivers = await Receivers.start(scheme, [allOk(1)]);
  try {
    const [url] = receivers.urls();
    return { autocannon: await byAutocannon(url!), wrk: await byWrk(url!) };
  } finally {
    await receivers.close();
  }
}

async function byAutocannon(url: string): Promise<number> {
  const program = fileURLToPath(import.meta.resolve('autocannon'));
  const load = [
    '--json',
    '--no-progress',
    '--duration',
    String(SECONDS),
    '--connections',
    String(CONNECTIONS),
  ];
  const request = ['--method', 'POST', '--body', 'x'.repeat(BODY_BYTES), url];
  const output = await outputOf(process.execPath, [program, ...load, ...request]);
  const { duration, '2xx': answered } = JSON.parse(output!) as { duration: number; '2xx': number };
  return Math.round(answered / duration);
}

async function byWrk(url: string): Promise<number | null> {
  const script = fileURLToPath(new URL('post.lua', import.meta.url));
  const load = ['--threads', '1', '--connections', String(CONNECTIONS), '--duration', `${SECONDS}s`];
  const output = await outputOf('wrk', [...load, '--script', script, url]);
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
