/**
 * `npm test [-- FILE… [--name PATTERN]]`: provides a redis-server, then runs the tests with node:test.
 *
 * Fails, beside failing tests, where one was skipped, and where a file leaves something open (test/leak-gate.ts).
 */
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { provideRedis } from './provide-redis.ts';

/** Ends a test that hangs. A test that needs longer says so with `{ timeout }`. */
const TEST_TIMEOUT_MS = 60_000;
/** Ends a suite that hangs where no test's time-out can fire, as in an endless loop. The suite is meant to take under 5 minutes. */
const SUITE_TIMEOUT_MS = 10 * 60_000;
/** Files at a time, one a core; more than this and receivers, workers and servers starve each other. */
const MAX_CONCURRENCY = 4;

const ROOT = resolve(import.meta.dirname, '..');

/** The named test files, or all of them. Exits with one line where a name is no test file. */
function chooseFiles(names: readonly string[]): string[] {
  const files =
    names.length > 0 ? names.map((name) => resolve(name)) : globSync(`${ROOT}/test/**/*.test.ts`).sort();
  const wrong = files.find((file) => !file.endsWith('.test.ts') || !existsSync(file));
  if (wrong !== undefined) stop(`${wrong} is not a test file: name files of test/ that end in .test.ts`, 64);
  return files;
}

function stop(line: string, exitCode: number): never {
  process.stderr.write(`npm test: ${line}\n`);
  process.exit(exitCode);
}

function runFiles(files: string[], concurrency: number, namePatterns: readonly string[]): void {
  const stream = run({
    files,
    concurrency,
    timeout: TEST_TIMEOUT_MS,
    signal: AbortSignal.timeout(SUITE_TIMEOUT_MS),
    execArgv: ['--import', new URL('leak-gate.ts', import.meta.url).href],
    ...(namePatterns.length > 0 && { testNamePatterns: [...namePatterns] }),
  });
  process.exitCode = 1;
  stream.on('test:summary', ({ file, success, counts }) => {
    if (file !== undefined) return;
    const setAside = counts.skipped + counts.todo;
    process.exitCode = success && setAside === 0 ? 0 : 1;
    // With a name pattern, what does not match it counts as skipped.
    if (namePatterns.length > 0 && success) process.exitCode = 0;
    else if (setAside > 0) process.stderr.write(`npm test: ${setAside} skipped; every test must run\n`);
  });
  stream.compose(spec).pipe(process.stdout);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { name: { type: 'string', multiple: true, default: [] } },
});
const files = chooseFiles(positionals);
const redis = provideRedis((line) => process.stderr.write(`npm test: ${line}\n`));
if (redis.kind === 'none') stop(redis.fix, 1);
process.once('exit', () => redis.kind === 'shared' && redis.remove());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
if (redis.kind === 'shared') process.env['VOLLEY_TEST_REDIS_URL'] = redis.url;
else delete process.env['VOLLEY_TEST_REDIS_URL'];
// Files that share one server would meet each other's keys.
runFiles(files, redis.kind === 'shared' ? 1 : Math.min(MAX_CONCURRENCY, availableParallelism()), values.name);
