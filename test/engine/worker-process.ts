/** `volley worker` as a process of its own, as it is run in production. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, type TestContext } from 'node:test';
import { Signal } from '../signal.ts';
import { SECRET, type TestQueue } from './running.ts';

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Resolves when it has begun to deliver; rejects with what it said when it ends before. */
  readonly started: Promise<void>;
  /** Resolves with its exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  /** What it has said so far. */
  readonly output: () => string;
  /** Resolves as soon as it has said something like this; rejects when it ends before. */
  said(what: RegExp): Promise<void>;
}

/** A queue, and the environment beside the test's own; undefined takes a variable out. */
export interface WorkerPlace extends Pick<TestQueue, 'broker' | 'queue'> {
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How much of what a worker says is kept, in characters. */
const OUTPUT_CHARS = 100_000;

/** Workers started one after another need not compile the sources each time. */
const COMPILED = mkdtempSync(join(tmpdir(), 'volley-compiled-'));
after(() => rmSync(COMPILED, { recursive: true, force: true }));

const VOLLEY = resolve(import.meta.dirname, '../../bin/volley.js');

/** Starts a worker on a queue that may reach loopback; it is killed after the test, if it still runs then. */
export function spawnWorker(
  t: TestContext,
  { broker, queue, env = {} }: WorkerPlace,
  ...flags: string[]
): WorkerProcess {
  const toLoopback = ['--allow-http', '--allow-net', '127.0.0.0/8', '--allow-port', '0'];
  const child = spawn(
    process.execPath,
    [
      VOLLEY,
      'worker',
      '--broker',
      broker,
      '--queue',
      queue,
      ...toLoopback,
      '--log-format',
      'logfmt',
      ...flags,
    ],
    {
      env: { ...process.env, HMAC_SECRET: SECRET, NODE_COMPILE_CACHE: COMPILED, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const exited = once(child, 'close').then(([code]) => code as number | null);
  let text = '';
  const signal = new Signal();
  const listen = (chunk: Buffer) => {
    text = (text + chunk).slice(-OUTPUT_CHARS);
    signal.raise();
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const ended = exited.then((code): never => {
    throw new Error(`volley worker ended with ${code}: ${text}`);
  });
  ended.catch(() => {});
  const said = (what: RegExp) => Promise.race([signal.until(() => what.test(text)), ended]);
  const started = said(/worker started/);
  started.catch(() => {});
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, started, exited, said, output: () => text };
}
