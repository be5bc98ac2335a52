import { deepEqual, equal, rejects } from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { secretProvider } from '../../src/secrets/provider.ts';
import { VAULT_PACE } from '../../src/secrets/vault-pace.ts';
import { Signal } from '../signal.ts';
import { watching } from './watching.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'volley-watch-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Watches a file with looks that follow one another at once; `onLook` is called between them. */
async function watchFile(t: TestContext, path: string, onLook = () => {}) {
  const looked = new Signal();
  let looks = 0;
  const file = {
    get pollMs() {
      looks++;
      onLook();
      looked.raise();
      return 1;
    },
  };
  const provider = secretProvider({}, { secretsFile: path }, { file, vault: VAULT_PACE });
  await provider.load();
  const watch = watching(t, provider);
  /** Resolves when there have been as many looks more as a change needs to be told of, and one. */
  const untilLooked = () => {
    const enough = looks + 4;
    return looked.until(() => looks >= enough);
  };
  const defaults = async () => (await provider.load()).secrets.default;
  return { provider, watch, untilLooked, defaults };
}

/** The ways in which files are changed: each is told of once, and then loaded. */
const CHANGES: [name: string, change: (path: string, folder: string) => void, after: string[]][] = [
  ['edited in place', (path) => writeFileSync(path, 'newer\none\n'), ['newer', 'one']],
  ['edited in place to the same size', (path) => writeFileSync(path, 'two\n'), ['two']],
  ['appended to', (path) => appendFileSync(path, 'older\n'), ['one', 'older']],
  [
    'edited, and its time set back',
    (path) => {
      const { atime, mtime } = statSync(path);
      writeFileSync(path, 'two\n');
      utimesSync(path, atime, mtime);
    },
    ['two'],
  ],
  [
    'replaced by a rename',
    (path, folder) => {
      writeFileSync(join(folder, 'new'), 'two\n');
      renameSync(join(folder, 'new'), path);
    },
    ['two'],
  ],
  [
    'deleted and written again',
    (path) => {
      rmSync(path);
      writeFileSync(path, 'two\n');
    },
    ['two'],
  ],
  ['given other permissions', (path) => chmodSync(path, 0o600), ['one']],
];

for (const [name, change, after] of CHANGES)
  test(`a file that is ${name} is told of, once`, async (t) => {
    const folder = folderOf(t);
    const path = join(folder, 'secrets');
    writeFileSync(path, 'one\n');
    const { watch, untilLooked, defaults } = await watchFile(t, path);
    await untilLooked();
    equal(watch.told, 0);
    change(path, folder);
    await watch.untilTold(1);
    deepEqual(await defaults(), after);
    await untilLooked();
    equal(watch.told, 1);
  });

test("a change of Kubernetes' kind, by another directory behind the link ..data, is told of", async (t) => {
  const folder = folderOf(t);
  const version = (name: string, text: string) => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'secrets'), text);
    symlinkSync(name, join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  version('..2026_01', 'one\n');
  const path = join(folder, 'secrets');
  symlinkSync(join('..data', 'secrets'), path);
  const { watch, defaults } = await watchFile(t, path);
  version('..2026_02', 'two\n');
  await watch.untilTold(1);
  deepEqual(await defaults(), ['two']);
});

test('what happened between the load and the first look is told of, and what was loaded meanwhile is not', async (t) => {
  const path = join(folderOf(t), 'secrets');
  writeFileSync(path, 'one\n');
  const { watch, untilLooked, provider } = await watchFile(t, path);
  writeFileSync(path, 'two\n');
  await watch.untilTold(1);
  writeFileSync(path, 'three\n');
  await provider.load();
  await untilLooked();
  equal(watch.told, 1);
});

test('a file that goes missing is told of once, its load is refused, and so is its return told of', async (t) => {
  const path = join(folderOf(t), 'secrets');
  writeFileSync(path, 'one\n');
  const { watch, untilLooked, defaults } = await watchFile(t, path);
  rmSync(path);
  await watch.untilTold(1);
  await rejects(defaults(), { code: 'VOLLEY_SECRET' });
  await untilLooked();
  equal(watch.told, 1);
  writeFileSync(path, 'one\n');
  await watch.untilTold(2);
  deepEqual(await defaults(), ['one']);
});

test('a file is told of only when its writer has done', async (t) => {
  const path = join(folderOf(t), 'secrets');
  writeFileSync(path, 'one\n');
  const parts = ['two\n', '[a]\nb\n', '[c]\nd\n', '[e]\nf\n'];
  let writing = false;
  const { watch, provider } = await watchFile(t, path, () => {
    const part = writing ? parts.shift() : undefined;
    if (part !== undefined) appendFileSync(path, part);
  });
  writing = true;
  await watch.untilTold(1);
  deepEqual(parts, []);
  deepEqual((await provider.load()).secrets, {
    default: ['one', 'two'],
    byName: { a: ['b'], c: ['d'], e: ['f'] },
  });
});

test('after the watch has ended nothing is told, nor looked at', async (t) => {
  const path = join(folderOf(t), 'secrets');
  writeFileSync(path, 'one\n');
  let looks = 0;
  const { watch, untilLooked } = await watchFile(t, path, () => looks++);
  await untilLooked();
  watch.stop();
  const before = looks;
  writeFileSync(path, 'two\n');
  // A second watch of the same file is told when the first would have been.
  const other = await watchFile(t, path);
  writeFileSync(path, 'three\n');
  await other.watch.untilTold(1);
  deepEqual([watch.told, looks], [0, before]);
});
