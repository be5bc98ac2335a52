import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { environmentName } from '../../src/config/option-spec.ts';
import { optionsOf } from '../../src/config/resolve.ts';
import { ended, folderOf, start, volley } from './volley.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

test('volley alone, help and --help list the commands', async () => {
  const alone = await volley([]);
  equal(alone.code, 0);
  for (const [name, { summary }] of Object.entries(COMMANDS))
    match(alone.stdout, new RegExp(`^  ${name} +${summary}$`, 'm'));
  for (const args of [['help'], ['--help'], ['-h']]) deepEqual(await volley(args), alone);
});

test('every command explains each of its options, with its variable, and gives examples', async () => {
  for (const [name, { load }] of Object.entries(COMMANDS)) {
    const { command } = await load();
    const { code, stdout, stderr } = await volley([...name.split(' '), '--help']);
    deepEqual([code, stderr], [0, '']);
    ok(stdout.startsWith(`volley ${name}: ${COMMANDS[name]!.summary}\n`));
    const options = Object.values(command.scope === null ? {} : optionsOf(command.scope));
    for (const spec of options)
      match(stdout, new RegExp(`--${spec.flag}\\b[\\s\\S]*\\b${environmentName(spec)}\\b`));
    for (const { flag } of Object.values(command.flags)) match(stdout, new RegExp(`^  --${flag}\\b`, 'm'));
    match(stdout, /\nExamples:\n {2}\S[\s\S]*volley /);
  }
});

test('help on a group lists its commands, and help takes a command after it', async () => {
  const group = await volley(['dead', '--help']);
  equal(group.code, 0);
  match(group.stdout, /dead list .*\n.*dead show .*\n.*dead replay .*\n.*dead discard /);
  ok(!group.stdout.includes('worker'));
  deepEqual(await volley(['help', 'queue', 'stats']), await volley(['queue', 'stats', '--help']));
});

test('the version is the package’s', async () => {
  for (const args of [['--version'], ['version']])
    deepEqual(await volley(args), { code: 0, stdout: `${version}\n`, stderr: '' });
});

test('a reader that leaves is no fault', async () => {
  const child = start(['worker', '--help']);
  child.stdout.destroy();
  const [code, stderr] = await Promise.all([
    new Promise((done) => child.once('close', done)),
    child.stderr.toArray(),
  ]);
  deepEqual([code, Buffer.concat(stderr).toString()], [0, '']);
});

test('a Node that is too old is told in one line', async (t) => {
  const older = join(folderOf(t), 'older.mjs');
  writeFileSync(older, "Object.defineProperty(process.versions, 'node', { value: '20.19.0' });");
  const { code, stdout, stderr } = await ended(
    start(['worker'], { env: { NODE_OPTIONS: `--import=${older}` } }),
  );
  equal(
    stderr,
    `volley: this is Node 20.19.0 (${process.execPath}), Volley needs 24 or newer: install it from https://nodejs.org, or put it first on PATH\n`,
  );
  deepEqual([code, stdout], [78, '']);
});
