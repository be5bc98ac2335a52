/** What Redis and its client say when something is wrong, as Volley's errors. */
import { errorCode, VolleyError } from '../../errors.ts';

/**
 * The code of an error reply: its first word, which the protocol sets apart for this
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors); null for faults that are not replies.
 */
export function replyCode(error: unknown): string | null {
  return error instanceof Error && error.name === 'ReplyError'
    ? (error.message.split(' ', 1)[0] ?? null)
    : null;
}

/** Where the broker is, without the password. */
export function redactedUrl(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'redis';
  return `${parsed.protocol}//${parsed.host === '' ? 'localhost' : parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`;
}

/** The VolleyError for whatever a Redis call rejected with. */
export function redisFault(error: unknown, url: string): VolleyError {
  if (error instanceof VolleyError) return error;
  const where = `Redis at ${redactedUrl(url)}`;
  const text = error instanceof Error ? error.message : String(error);
  switch (replyCode(error)) {
    case null:
      return new VolleyError(
        'VOLLEY_BROKER_UNAVAILABLE',
        `${where} cannot be reached (${reasonOf(error)}): start it, or give its address with --broker`,
        { cause: error },
      );
    case 'WRONGPASS':
      return unfit(`${where} refuses the user or password in the URL: correct it in --broker`, error);
    case 'NOAUTH':
      return unfit(`${where} wants a password: put it in the URL, redis://USER:PASSWORD@HOST:PORT`, error);
    case 'NOPERM':
      return unfit(`${where} does not allow this user what Volley needs (${text}): extend its ACL`, error);
    case 'WRONGTYPE':
      return unfit(
        `${where} holds another kind of data under the queue's keys: choose another --queue`,
        error,
      );
    case 'OOM':
      return unavailable(`${where} is full: raise maxmemory (what is queued is still delivered)`, error);
    case 'READONLY':
      return unavailable(`${where} is a replica: give the primary's address with --broker`, error);
    default:
      return unavailable(`${where} refused a command for now: ${text}`, error);
  }
}

/** The code of what went wrong, or what the client says of it where it gives none, such as "Command timed out". */
function reasonOf(error: unknown): string {
  const code = errorCode(error);
  return error instanceof Error && code === error.name ? error.message.replace(/\.$/, '') : code;
}

function unfit(message: string, cause: unknown): VolleyError {
  return new VolleyError('VOLLEY_BROKER_UNFIT', message, { cause });
}

function unavailable(message: string, cause: unknown): VolleyError {
  return new VolleyError('VOLLEY_BROKER_UNAVAILABLE', message, { cause });
}
