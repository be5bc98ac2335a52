import { deepEqual, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { checkCycles, checkDirections, checkPackages, checkReach } from './import-rules.ts';
import { assertKept, tree } from './rule-testing.ts';
import { importsOf, ROOT, readSources } from './source-tree.ts';

const src = readSources('src');
const everything = readSources('src', 'test', 'bench');

/** Where programs and threads start, beside what `new URL(…, import.meta.url)` names. */
const ENTRIES = ['src/index.ts', 'src/cli/main.ts'];

test('imports between the rooms of src run one way', () => {
  assertKept(checkDirections(src));
});

test('an import of a room that is not below is named with its file and the rule', () => {
  const [stage, config, outside, upward, ...rest] = checkDirections(
    tree({
      'src/settle/settler.ts': "import { Pool } from '../pool/pool.ts';\nimport { x } from '../errors.ts';",
      'src/thread/send.ts': "import type { OptionValues } from '../config/options.ts';",
      'src/delivery/event.ts': "import { redis } from '../../test/redis-server.ts';",
      'src/runtime/clock.ts': "export type { Engine } from '../engine.ts';",
      'src/engine.ts':
        "import './config/options.ts';\nimport './pool/pool.ts';\nimport './dispatch/lanes.ts';",
    }),
  );
  match(stage!, /^src\/settle\/settler\.ts imports \.\.\/pool\/pool\.ts: .*pool is not below settle/);
  match(config!, /^src\/thread\/send\.ts .*only .*engine, cli, index may import config/);
  match(outside!, /^src\/delivery\/event\.ts .*nothing .* outside src/);
  match(upward!, /^src\/runtime\/clock\.ts .*engine is not below runtime/);
  deepEqual(rest, []);
});

test('a folder that is no room is named', () => {
  match(checkDirections(tree({ 'src/extras/x.ts': '' }))[0]!, /^src\/extras\/x\.ts: "extras" is not a room/);
});

test('packages stay in the room that hides them, and are declared', () => {
  const { dependencies } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  assertKept(checkPackages(src, Object.keys(dependencies)));
});

test('a package out of its room, one that is not declared and one that is not used are named', () => {
  const violations = checkPackages(
    tree({
      'src/thread/send.ts': "import { Agent } from 'undici';\nimport { x } from '@scope/name/deep';",
      'src/pool/pool.ts': "import type { Dispatcher } from 'undici';",
      'src/engine.ts': "import type { Logger } from 'pino';\nimport { pino } from 'pino';",
    }),
    ['undici', 'pino', 'idle'],
  );
  deepEqual(violations, [
    'src/thread/send.ts imports @scope/name/deep: not in package.json\'s "dependencies"',
    'src/pool/pool.ts imports undici: undici belongs to src/thread/ alone',
    'src/engine.ts imports pino: pino belongs to src/record/ alone',
    'package.json: nothing in src/ imports the dependency idle',
  ]);
});

test('there is no import cycle, types included', () => {
  assertKept(checkCycles(everything));
});

test('a cycle is named once, by its files', () => {
  const violations = checkCycles(
    tree({
      'src/b.ts': "import type { C } from './c.ts';",
      'src/c.ts': "export { a } from './a.ts';",
      'src/a.ts': "import { b } from './b.ts';\nnew URL('./entry.ts', import.meta.url);",
      'src/entry.ts': "import { a } from './a.ts';",
    }),
  );
  deepEqual(violations, [
    'src/a.ts → src/b.ts → src/c.ts → src/a.ts: an import cycle; move what they share below both',
  ]);
});

test('every file of src is reached from the library, a command or an entry', () => {
  assertKept(checkReach(src, ENTRIES));
});

test('every file of test and bench is reached from a test, a benchmark or a script', () => {
  const starts = [...everything.keys()].filter((path) => path.endsWith('.test.ts'));
  const scripts = [
    'bench/main.ts',
    'test/run.ts',
    'test/package/packed.ts',
    'test/architecture/write-docs.ts',
    'test/engine/soak.ts',
  ];
  assertKept(checkReach(everything, [...starts, ...scripts, ...ENTRIES]));
});

test('a file that nothing imports, and an import of no file, are named', () => {
  const violations = checkReach(
    tree({
      'src/index.ts':
        "import './used.ts';\nnew URL('./thread/entry.js', import.meta.url);\nimport './gone.ts';",
      'src/used.ts': '',
      'src/thread/entry.ts': '',
      'src/dead.ts': "import './used.ts';",
    }),
    ['src/index.ts'],
  );
  deepEqual(violations, [
    'src/index.ts imports src/gone.ts: there is no such file',
    'src/dead.ts: nothing imports it; delete it or use it',
  ]);
});

/** An extension worked out at run time, as it stands in a source text. */
const EXTENSION = ['$', '{here ? 1 : 2}'].join('');

test('imports are read in every shape, and not out of comments and strings', () => {
  const text = [
    "import { a, type B } from './a.ts';",
    "import {\n  type C,\n  type D,\n} from './c.ts';",
    "import type E from 'e';",
    "export * from './star.ts';",
    "export const glob = '**/*.ts'; // import x from './comment.ts'",
    "/* import x from './comment.ts'; */ await import('./late.ts');",
    `new URL(\`../thread/entry.${EXTENSION}\`, import.meta.url);`,
    "new URL('../package.json', import.meta.url);",
    'const text = `\nimport "./in-a-string.ts";\n`;',
  ].join('\n');
  deepEqual(
    importsOf('src/x.ts', text).map(({ specifier, target, typeOnly }) => [specifier, target, typeOnly]),
    [
      ['./a.ts', 'src/a.ts', false],
      ['./c.ts', 'src/c.ts', true],
      ['e', null, true],
      ['./star.ts', 'src/star.ts', false],
      ['./late.ts', 'src/late.ts', false],
      [`./../thread/entry.${EXTENSION}`, 'thread/entry.ts', false],
    ],
  );
});
