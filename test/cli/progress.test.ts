import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { waitedFor } from '../../src/cli/progress.ts';

/** A terminal, or what is none, and what was written to it. */
function terminalOf(isTTY: boolean) {
  const writes: string[] = [];
  const written = Promise.withResolvers<void>();
  const write = (text: string) => {
    writes.push(text);
    written.resolve();
    return true;
  };
  return {
    terminal: { isTTY, write: write as NodeJS.WriteStream['write'] },
    writes,
    written: written.promise,
  };
}

test('a terminal shows what is waited for, until it has come', async () => {
  const { terminal, writes, written } = terminalOf(true);
  const work = written.then(() => 7);
  equal(await waitedFor('looking', work, terminal), 7);
  deepEqual(writes, ['looking …', '\r\u001b[K']);
});

test('nothing is shown of work that is over soon, or fails', async () => {
  const { terminal, writes } = terminalOf(true);
  equal(await waitedFor('looking', Promise.resolve(1), terminal), 1);
  const failed = waitedFor('looking', Promise.reject(new Error('no')), terminal).catch(String);
  equal(await failed, 'Error: no');
  deepEqual(writes, []);
});

test('nothing is shown where there is no terminal', async () => {
  const [silent, loud] = [terminalOf(false), terminalOf(true)];
  // The first would have been shown when the second is.
  const waits = [silent, loud].map(({ terminal }) => waitedFor('looking', loud.written, terminal));
  await Promise.all(waits);
  deepEqual([silent.writes.length, loud.writes.length], [0, 2]);
});
