import { deepEqual, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { assertKept, tree } from './rule-testing.ts';
import { ROOT, readSources } from './source-tree.ts';
import { checkLeftovers, checkNames, checkSetAside, checkTerminal, checkTestsRun } from './text-rules.ts';

const everything = readSources('src', 'test', 'bench');

test('no folder, file or type has a name that could hold anything', () => {
  assertKept(checkNames(everything));
});

test('an empty name is named wherever it hides', () => {
  const violations = checkNames(
    tree({
      'src/utils/x.ts': 'export class PoolManager {}',
      'src/http-helper.ts': '// class Manager\nexport function uncommon() {}',
    }),
  );
  deepEqual(
    violations.map((line) => line.split(' says')[0]),
    ['src/utils/x.ts: "utils"', 'src/utils/x.ts: PoolManager', 'src/http-helper.ts: "helper"'],
  );
});

test('nothing is left for later in the text', () => {
  assertKept(checkLeftovers(everything));
  const note = `a\n// ${'TO'}${'DO'}: b`;
  deepEqual(checkLeftovers(tree({ 'src/x.ts': note })), [
    `src/x.ts:2: "${'TO'}${'DO'}": do it now, or open an issue`,
  ]);
});

test('no test is skipped or singled out', () => {
  assertKept(checkSetAside(everything));
  const [dot, option] = ['skip', 'only'];
  const violations = checkSetAside(
    tree({ 'test/x.test.ts': `test.${dot}('a');\ntest('b', { ${option}: true });\ntest('skip: c');` }),
  );
  deepEqual(
    violations.map((line) => line.split(': ')[0]),
    ['test/x.test.ts:1', 'test/x.test.ts:2'],
  );
});

test('every test file is one that npm test runs', () => {
  const files = globSync('**/*.{ts,js,mjs,cjs}', {
    cwd: ROOT,
    exclude: (name) => name === 'node_modules' || name === 'dist',
  });
  assertKept(checkTestsRun(files.map((path) => path.replaceAll('\\', '/'))));
  deepEqual(
    checkTestsRun(['src/x.test.ts', 'test/x.spec.ts', 'test/a/x.test.ts']).map((line) => line.split(':')[0]),
    ['src/x.test.ts', 'test/x.spec.ts'],
  );
});

test('only the commands print or end the process', () => {
  assertKept(checkTerminal(everything));
  const violations = checkTerminal(
    tree({
      'src/cli/main.ts': 'console.log(1);',
      'src/engine.ts': '// process.exit\nprocess.stdout.write(1);\nprocess.exitCode = 1;',
    }),
  );
  deepEqual(
    violations.map((line) => line.split(': only')[0]),
    ['src/engine.ts:2: process.stdout', 'src/engine.ts:3: process.exitCode'],
  );
});

/** What the linter, with this project's settings, says of a file of src with this text. */
function lint(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'volley-lint-'));
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/example.ts'), text);
  copyFileSync(`${ROOT}/biome.json`, join(folder, 'biome.json'));
  const biome = `${ROOT}/node_modules/@biomejs/biome/bin/biome`;
  const { stdout, stderr } = spawnSync(process.execPath, [biome, 'lint', 'src'], {
    cwd: folder,
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return stdout + stderr;
}

test('the linter refuses a function of 71 lines and a file of 301, and takes 70 and 300', () => {
  const body = (lines: number) => `export function f() {\n${'  g();\n'.repeat(lines)}}\n`;
  const lines = (count: number) => "import 'x';\n".repeat(count);
  match(lint(body(71)), /noExcessiveLinesPerFunction/);
  match(lint(lines(301)), /noExcessiveLinesPerFile/);
  equal(/noExcessiveLines/.test(lint(body(70)) + lint(lines(300))), false);
});
