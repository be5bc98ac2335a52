/** `volley worker` as users run it: a process of its own, with its defaults, on the benchmark's Redis. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { OPTIONS } from '../src/config/options.ts';
import { TRUST_RECEIVERS } from './receiver/receivers.ts';

const PROGRAM = join(import.meta.dirname, '../bin/volley.js');
/** What the log of a worker that is up says. */
const STARTED = 'worker started';
/** The clock ticks in which /proc tells CPU time: 100 a second on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** How much of the log is kept for the message about a worker that did not start, in characters. */
const LOG_KEPT = 2_000;

export interface WorkerSpec {
  readonly redisPort: number;
  readonly secret: string;
  /** Flags beside those for loopback receivers. */
  readonly flags?: readonly string[];
}

export class Worker {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #started = Promise.withResolvers<void>();
  readonly #onExit = () => this.#process.kill('SIGKILL');

  constructor({ redisPort, secret, flags = [] }: WorkerSpec) {
    const args = ['worker', '--broker', `redis://127.0.0.1:${redisPort}`, '--log-format', 'logfmt'];
    const open = ['--allow-http', '--allow-net', '127.0.0.0/8', '--allow-port', '0'];
    this.#process = spawn(process.execPath, [PROGRAM, ...args, ...open, ...flags], {
      env: { ...environment(), ...TRUST_RECEIVERS, HMAC_SECRET: secret },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.once('exit', this.#onExit);
    this.#exited = once(this.#process, 'exit').then(() => process.off('exit', this.#onExit));
    let log = '';
    const untilStarted = (chunk: Buffer) => {
      log = (log + chunk).slice(-LOG_KEPT);
      if (!log.includes(STARTED)) return;
      this.#started.resolve();
      // What it says from here on is read and dropped: a full pipe would lose its log.
      this.#process.stdout!.off('data', untilStarted).resume();
    };
    this.#process.stdout!.on('data', untilStarted);
    void this.#exited.then(() => this.#started.reject(new Error(`the worker did not start: ${log}`)));
    // Who does not wait for the start sees at the first delivery that it did not come.
    this.#started.promise.catch(() => {});
  }

  /** Resolves when it says that it has started; rejects when it ends before that. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  get rssBytes(): number {
    const [, kib] = /^VmRSS:\s*(\d+) kB/m.exec(this.#read('status'))!;
    return Number(kib) * 1_024;
  }

  /** Of all its threads, since it started. */
  get cpuSeconds(): number {
    // The second field, the name, may hold blanks.
    const fields = this.#read('stat').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Open, of any kind. */
  get sockets(): number {
    const files = `/proc/${this.#process.pid}/fd`;
    return readdirSync(files).filter((file) => isSocket(`${files}/${file}`)).length;
  }

  #read(file: string): string {
    return readFileSync(`/proc/${this.#process.pid}/${file}`, 'utf8');
  }

  /** Ends it at once: what it has in flight is of no more interest. */
  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}

function isSocket(file: string): boolean {
  try {
    return readlinkSync(file).startsWith('socket:');
  } catch {
    // It was closed meanwhile.
    return false;
  }
}

/** This process's, without settings of Volley that a user may have there. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VOLLEY_')));
}

/** `--flag value` where this version of Volley has that option, else nothing. */
export function flagIfKnown(flag: string, value: string): readonly string[] {
  return Object.values(OPTIONS).some((option) => option.flag === flag) ? [`--${flag}`, value] : [];
}
