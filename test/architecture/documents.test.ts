import { deepEqual, equal, throws } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { DESTINATION_SETTINGS } from '../../src/config/destination-settings.ts';
import { OPTIONS } from '../../src/config/options.ts';
import { PLAN_INPUTS } from '../../src/config/plan-inputs.ts';
import { ERROR_CODES } from '../../src/errors.ts';
import { destinationsTable, errorsTable, inputsTable, optionsTable, withTable } from './documents.ts';
import { ROOT } from './source-tree.ts';

const text = (path: string) => readFileSync(`${ROOT}/${path}`, 'utf8');

test('the README has the options as they are in the code (npm run docs writes them)', () => {
  const readme = text('README.md');
  equal(withTable(readme, 'options', optionsTable(OPTIONS)), readme);
});

test("the README has a destination's settings as they are in the code (npm run docs writes them)", () => {
  const readme = text('README.md');
  equal(withTable(readme, 'destinations', destinationsTable(DESTINATION_SETTINGS)), readme);
});

test('the README has the inputs of a plan as they are in the code (npm run docs writes them)', () => {
  const readme = text('README.md');
  equal(withTable(readme, 'plan', inputsTable(PLAN_INPUTS)), readme);
});

test('the README has every error code with its exit code (npm run docs writes them)', () => {
  const readme = text('README.md');
  equal(withTable(readme, 'errors', errorsTable(ERROR_CODES, text('src/errors.ts'))), readme);
});

test('an option is shown with its placeholder, its name in the environment, its default and its range', () => {
  const rows = optionsTable({
    lease: {
      kind: 'duration',
      flag: 'lease',
      value: 'TIME',
      default: 90_000,
      min: 500,
      max: 3_600_000,
      scopes: [],
      doc: 'a | b',
    },
    once: { kind: 'boolean', flag: 'once', default: false, scopes: [], doc: 'c' },
    config: { kind: 'string', flag: 'config', value: 'FILE', default: null, scopes: [], doc: 'd' },
  }).split('\n');
  deepEqual(rows.slice(2), [
    '| `--lease TIME` | `VOLLEY_LEASE` | `90s` | 500ms to 1h | a \\| b |',
    '| `--once` | `VOLLEY_ONCE` | `false` |  | c |',
    '| `--config FILE` | `VOLLEY_CONFIG` |  |  | d |',
  ]);
});

test('a setting is shown as it is written in the file, with the option it stands in for and its range', () => {
  const { secretName, headers, readTimeoutMs, retryScheduleMs, permanentStatuses, http2 } =
    DESTINATION_SETTINGS;
  const rows = destinationsTable({
    secretName,
    headers,
    readTimeoutMs: { ...readTimeoutMs, doc: 'a' },
    retryScheduleMs: { ...retryScheduleMs, doc: 'b' },
    permanentStatuses: { ...permanentStatuses, doc: 'c' },
    http2,
  }).split('\n');
  deepEqual(
    rows.slice(2).map((row) => row.split(' | ').slice(0, 4).join(' | ')),
    [
      '| `secret` | `"NAME"` | its own, or else the common one | ',
      '| `headers` | `{"NAME": "VALUE"}` | none | ',
      '| `read-timeout` | `"TIME"` | as `--read-timeout` | 10ms to 5m',
      '| `retry-schedule` | `["TIME", …]` | as `--retry-schedule` | 10ms to 7d',
      '| `permanent-status` | `[STATUS, …]` | as `--permanent-status` | 400 to 499',
      '| `http2` | `true or false` | off | ',
    ],
  );
});

test('a table that is out of date is replaced, and one without marks is refused', () => {
  const marked = 'a\n<!-- x:begin -->\nold\n<!-- x:end -->\nb';
  const written = withTable(marked, 'x', 'new');
  equal(written, 'a\n<!-- x:begin -->\n\nnew\n\n<!-- x:end -->\nb');
  equal(withTable(written, 'x', 'new'), written);
  throws(() => withTable('a', 'x', 'new'), /the marks <!-- x:begin --> and <!-- x:end --> are missing/);
});

test('an error code without a comment is refused', () => {
  throws(() => errorsTable({ VOLLEY_NEW: 1 }, '{\n  VOLLEY_NEW: 1,\n}'), /VOLLEY_NEW needs a one-line/);
});
