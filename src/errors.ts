/**
 * Errors that a user can meet, each with a stable code.
 *
 * Code decides on the code, never on the text. The text names the thing, the place and the fix, in one line.
 */

/** Exit codes of every command (sysexits.h where it has one). */
export const EXIT = {
  done: 0,
  workFailed: 1,
  usage: 64,
  brokerUnavailable: 69,
  bug: 70,
  configuration: 78,
} as const;

/** What went wrong, and the exit code a command ends with because of it. */
export const ERROR_CODES = {
  /** The command line is wrong. */
  VOLLEY_USAGE: EXIT.usage,
  /** A setting is missing or out of range, whatever its source. */
  VOLLEY_CONFIG: EXIT.configuration,
  /** No signing secret, or one that cannot be read or is empty. */
  VOLLEY_SECRET: EXIT.configuration,
  /** The broker is there, but not fit to keep deliveries (version, key types, an unwritable file). */
  VOLLEY_BROKER_UNFIT: EXIT.configuration,
  /** The broker cannot be reached. */
  VOLLEY_BROKER_UNAVAILABLE: EXIT.brokerUnavailable,
  /** An event offered for publishing is not one that can be delivered. */
  VOLLEY_EVENT_INVALID: EXIT.workFailed,
  /** A received request is not signed by a known secret, or not lately. */
  VOLLEY_SIGNATURE_INVALID: EXIT.workFailed,
  /** What was asked for does not exist. */
  VOLLEY_NOT_FOUND: EXIT.workFailed,
  /** A port or file that the command needs is taken. */
  VOLLEY_IN_USE: EXIT.workFailed,
  /** Used after it was closed. */
  VOLLEY_CLOSED: EXIT.bug,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a stable `code`; `exitCode` is what a command that meets it ends with. */
export class VolleyError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'VolleyError';
    this.code = code;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}

/** The `code` of whatever was thrown (`ECONNREFUSED`, `UND_ERR_SOCKET`, `VOLLEY_USAGE`, …), or its name when it has none. */
export function errorCode(error: unknown): string {
  if (error instanceof Error) {
    const { code } = error as { code?: unknown };
    return typeof code === 'string' && code !== '' ? code : error.name;
  }
  return typeof error;
}
