/** `volley worker` inside a namespace, and what it says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Signal } from '../signal.ts';

/** A line of its log. */
export interface LogLine {
  readonly msg: string;
  readonly delivery_id?: string;
  readonly attempt?: number;
  readonly error?: string;
  readonly lacking?: string;
  readonly next_retry?: string;
}

export interface WorkerLimits {
  /** Most files it may have open. */
  readonly openFiles?: number;
}

export interface Worker {
  /** All it has said so far. */
  readonly lines: readonly LogLine[];
  /** Resolves with its exit code, null after a signal. */
  readonly exited: Promise<number | null>;
  /** Resolves as soon as `test` holds; looks at each line. Rejects with what it said when it ends before. */
  until(test: () => boolean): Promise<void>;
  /** Files and sockets it has open. */
  openFiles(): number;
  /** Memory it has resident, in bytes. */
  memoryBytes(): number;
  /** Asks it to stop; resolves with its exit code. */
  stop(): Promise<number | null>;
}

const VOLLEY = resolve(import.meta.dirname, '../../bin/volley.js');
const AUTHORITY = fileURLToPath(new URL('../certificates/authority.pem', import.meta.url));
const PAGE_BYTES = 4_096;

/** Starts it with a log of JSON; resolves when it has begun to deliver. */
export async function startWorker(flags: readonly string[], limits: WorkerLimits): Promise<Worker> {
  const command = [process.execPath, VOLLEY, 'worker', ...flags, '--log-format', 'json', '--log-successes'];
  const limited =
    limits.openFiles === undefined ? command : ['prlimit', `--nofile=${limits.openFiles}`, '--', ...command];
  const child = spawn(limited[0]!, limited.slice(1), {
    env: { ...process.env, HMAC_SECRET: 'a secret of the tests', NODE_EXTRA_CA_CERTS: AUTHORITY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  const signal = new Signal();
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(JSON.parse(line) as LogLine);
    signal.raise();
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);
  const ended = exited.then((code): never => {
    const last = lines.slice(-20).map((line) => JSON.stringify(line));
    throw new Error(`volley worker ended with ${code}: ${complaints}\n${last.join('\n')}`);
  });
  ended.catch(() => {});
  const until = (test: () => boolean) => Promise.race([signal.until(test), ended]);
  await until(() => lines.some(({ msg }) => msg === 'worker started'));
  return {
    lines,
    exited,
    until,
    openFiles: () => readdirSync(`/proc/${child.pid}/fd`).length,
    memoryBytes: () => Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) * PAGE_BYTES,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}

/** What became of each delivery that is settled for good, by id: `delivered`, or why not. */
export function endings(lines: readonly LogLine[]): Map<string, string> {
  const ended = lines.filter(({ msg }) => msg === 'delivered' || msg === 'delivery dead');
  return new Map(
    ended.map(({ delivery_id, msg, error }) => [delivery_id!, msg === 'delivered' ? msg : error!]),
  );
}
