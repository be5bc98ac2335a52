/** The delivery log: pino, written as logfmt, JSON, or lines for a person. */

import { type DestinationStream, type Logger, pino } from 'pino';
import { errorCode } from '../errors.ts';
import { logfmtLine } from './logfmt.ts';
import { prettyLine } from './pretty.ts';

export type { Logger } from 'pino';

export type LogFormat = 'logfmt' | 'json' | 'pretty';

export interface LoggerOptions {
  readonly format: LogFormat;
  /** pino's levels; `info` by default. */
  readonly level?: string;
  /** Where lines go. */
  readonly stream: { write(line: string): unknown };
  /** Whether `pretty` may use colour. */
  readonly colour?: boolean;
}

/** A pino logger that writes in the given format. */
export function createLogger({ format, level = 'info', stream, colour = false }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, formatted(format, stream, colour));
}

/** Where log lines go, without making deliveries wait for whoever reads them. */
export interface LogSink {
  write(line: string): unknown;
  /** Resolves with true when what was written is out, or with false after FLUSH_MS with a reader that does not read. */
  close(): Promise<boolean>;
}

/** Lines kept for a reader that does not keep up, in bytes; beyond that new ones are dropped. */
const SINK_BYTES = 8 * 1_048_576;
/** How long an end waits for the last lines to be read, in milliseconds. */
const FLUSH_MS = 1_000;

/**
 * A sink on a file descriptor: a blocked reader of a pipe costs lines, never deliveries. `onBroken` is called once, with
 * the error's code, when lines cannot be written at all (a full disk, a reader that has gone): later ones are dropped.
 */
export function logSink(fd: number, onBroken: (code: string) => void): LogSink {
  let broken = false;
  const boom = pino.destination({ dest: fd, sync: false, maxLength: SINK_BYTES });
  boom.on('error', (error) => {
    if (broken) return;
    broken = true;
    boom.destroy();
    onBroken(errorCode(error));
  });
  return {
    write: (line) => broken || boom.write(line),
    close: () =>
      new Promise((resolve) => {
        if (broken) return resolve(true);
        const timer = setTimeout(() => {
          // Otherwise it would wait for its reader once more as the process exits.
          resolve(false);
          boom.destroy();
        }, FLUSH_MS);
        // Not `flush`: without a least length to write at once, that calls back before anything is out.
        boom.once('close', () => {
          clearTimeout(timer);
          resolve(true);
        });
        boom.end();
      }),
  };
}

/** A logger that says nothing. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

function formatted(
  format: LogFormat,
  stream: { write(line: string): unknown },
  colour: boolean,
): DestinationStream {
  switch (format) {
    case 'json':
      return { write: (line) => void stream.write(line) };
    case 'logfmt':
      return {
        write: (line) => void stream.write(`${logfmtLine(JSON.parse(line) as Record<string, unknown>)}\n`),
      };
    case 'pretty':
      return {
        write: (line) =>
          void stream.write(`${prettyLine(JSON.parse(line) as Record<string, unknown>, colour)}\n`),
      };
    default:
      return format satisfies never;
  }
}
