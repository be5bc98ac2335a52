/** Checks of what the worker must be able to read and write. */
import { type Check, fail, ok, warn } from '../check.ts';

export const ACCESS_CHECKS: readonly Check[] = [
  {
    id: 'secrets',
    title: 'signing secrets',
    judge: ({ secrets, machine: { user } }) => {
      const as = `as user ${user}`;
      if (secrets.kind === 'refused')
        return fail(
          secrets.message,
          `mend that; this was read ${as}: for the worker's own rights run sudo -u www-data volley doctor`,
        );
      return secrets.warnings.length === 0
        ? ok(
            `loaded from ${secrets.place}, ${as}${user === 'root' ? ', who may read what others may not' : ''}`,
          )
        : warn(secrets.warnings.join('; '), 'do what it says');
    },
  },
  {
    id: 'log-folder',
    title: 'folder of the delivery log',
    judge: ({ machine: { logFolder, user } }) => {
      if (logFolder === null) return ok('none: the worker logs to standard output, which the journal keeps');
      const { path, writable } = logFolder;
      return writable
        ? ok(`${path} can be written by user ${user}`)
        : warn(
            `${path} cannot be written by user ${user}`,
            `run "chown www-data ${path}" for the unit's user, or run volley doctor as that user`,
          );
    },
  },
];
