/**
 * Loaded into the process of every test file: when its tests are over and something still keeps the process alive
 * (a server, a thread, a timer), says so and fails the file instead of waiting for ever.
 */
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

/** How long what was closed may take to be gone. */
const GRACE_MS = 5_000;

// Threads and processes that a test starts inherit this import; the gate is for the test file alone.
if (isMainThread && process.argv[1]?.endsWith('.test.ts') === true) {
  after(() => {
    // Unreferenced: it fires only if something else keeps the process alive.
    setTimeout(() => {
      process.stderr.write(`${process.argv[1]} leaves open: ${leftOpen()}. Close it in the test.\n`);
      process.exit(1);
    }, GRACE_MS).unref();
  });
}

/** Kinds of what is open and how many, without the pipes to the runner. */
function leftOpen(): string {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  counts.delete('PipeWrap');
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ') || 'a child process or pipe';
}
