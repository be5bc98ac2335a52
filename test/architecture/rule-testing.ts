/** What the tests of the rules share. */
import assert from 'node:assert/strict';
import type { Sources } from './source-tree.ts';

/** A source tree in memory. */
export function tree(files: Readonly<Record<string, string>>): Sources {
  return new Map(Object.entries(files));
}

/** Fails with the violations, one a line. */
export function assertKept(violations: readonly string[]): void {
  if (violations.length > 0) assert.fail(violations.join('\n'));
}
