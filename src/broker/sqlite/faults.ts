/** What SQLite and the file system say when something is wrong, as Volley's errors. */
import { errorCode, VolleyError } from '../../errors.ts';
import { userName } from '../../runtime/user-name.ts';

/** Primary result codes of SQLite (https://www.sqlite.org/rescode.html); the rest of a code is in the bits above. */
const PRIMARY = 0xff;
const PERM = 3;
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
/** The file was moved or deleted while it was open. */
const READONLY_DBMOVED = 1032;

/** The VolleyError for whatever a call on the database file rejected with. */
export function sqliteFault(error: unknown, file: string): VolleyError {
  if (error instanceof VolleyError) return error;
  const { errcode } = error as { errcode?: unknown };
  const code = typeof errcode === 'number' ? errcode : 0;
  const text = error instanceof Error ? error.message : String(error);
  if (code === READONLY_DBMOVED)
    return unfit(`${file} was moved or deleted while in use: put it back, or start again`, error);
  switch (code & PRIMARY) {
    case BUSY:
    case LOCKED:
      return unavailable(
        `${file} is locked by another process: end what holds it (fuser ${file} names it)`,
        error,
      );
    case PERM:
    case READONLY:
    case CANTOPEN:
      return unfit(
        `${file} cannot be written by user ${userName()} (${text}): give that user the file and its directory, or name another with --broker`,
        error,
      );
    case NOTADB:
      return unfit(`${file} is not a SQLite database: name another file with --broker`, error);
    case CORRUPT:
      return unfit(
        `${file} is damaged (${text}): move it away, and save what it holds with sqlite3 ${file} .recover`,
        error,
      );
    case FULL:
      return unavailable(`${file} cannot grow, the disk is full: free some space`, error);
    case IOERR:
      return unavailable(`${file} cannot be read or written (${text}): check its disk`, error);
    default:
      return unavailable(`${file} refused a command (${errorCode(error)}): ${text}`, error);
  }
}

/** True where another connection held a lock that was needed; nothing has happened then. */
export function isBusy(error: unknown): boolean {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === 'number' && [BUSY, LOCKED].includes(errcode & PRIMARY);
}

export function unfit(message: string, cause?: unknown): VolleyError {
  return new VolleyError('VOLLEY_BROKER_UNFIT', message, { cause });
}

export function unavailable(message: string, cause?: unknown): VolleyError {
  return new VolleyError('VOLLEY_BROKER_UNAVAILABLE', message, { cause });
}
