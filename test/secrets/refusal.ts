/** Looks at how secrets are refused: with the right error, and without a word of what is secret. */
import { equal, ok } from 'node:assert/strict';
import { inspect } from 'node:util';
import { VolleyError } from '../../src/errors.ts';
import { createLogger } from '../../src/record/log.ts';

/** Stands in every secret, token and line of the tests that must not show. */
export const CANARY = 'canary';

/** The message with which this is refused: VOLLEY_SECRET, one line, and free of the canary wherever one looks. */
export async function refusal(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    ok(error instanceof VolleyError, inspect(error));
    equal(error.code, 'VOLLEY_SECRET');
    equal(error.exitCode, 78);
    ok(!error.message.includes('\n'), error.message);
    assertHidden(error);
    return error.message;
  }
  throw new Error('it was not refused');
}

/** What a dump or a log shows of this does not hold the canary. */
export function assertHidden(shown: unknown): void {
  let logged = '';
  const log = createLogger({ format: 'json', stream: { write: (line) => (logged += line) } });
  log.error({ err: shown, shown }, 'refused');
  for (const dump of [inspect(shown, { depth: Infinity, showHidden: true }), `${shown}`, logged])
    ok(!dump.includes(CANARY), dump);
}
