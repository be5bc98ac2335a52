/**
 * The source tree as the architecture tests see it: texts by path, and the imports between them.
 *
 * Imports are read with patterns, not with a parser: the formatter keeps every import in one shape, and comments and
 * strings are taken out first. The rules work on any `Sources`, so that each is tried on a tree in memory too.
 */
import { globSync, readFileSync } from 'node:fs';
import { posix, resolve } from 'node:path';

/** Texts by path from the repository's root, `/` between folders. */
export type Sources = ReadonlyMap<string, string>;

export interface Import {
  /** As written: `../errors.ts`, `undici`, `node:fs`. */
  readonly specifier: string;
  /** The file it names, from the root; null for packages and Node's own modules. */
  readonly target: string | null;
  /** True for `import type` and where every name is a type: gone at run time. */
  readonly typeOnly: boolean;
  /** `url` for `new URL('./entry.ts', import.meta.url)`: a thread's or process's entry, loaded but not linked. */
  readonly kind: 'import' | 'url';
}

export const ROOT = resolve(import.meta.dirname, '../..');

/** Every TypeScript file of these folders. */
export function readSources(...folders: readonly string[]): Sources {
  const paths = globSync(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  );
  return new Map(
    paths
      .map((path) => path.replaceAll('\\', '/'))
      .sort()
      .map((path) => [path, readFileSync(resolve(ROOT, path), 'utf8')]),
  );
}

/** Strings are matched only to be kept: a `//` inside one starts no comment. */
const STRING_OR_COMMENT =
  /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;

/** The text with blanks for comments; lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (match) =>
    match.startsWith('/') ? match.replace(/[^\n]/g, ' ') : match,
  );
}

/** Imports where each string has become `'N'`, its number: what stands inside a string cannot look like one. */
const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:([\w*${},\s]+?)\s+from\s+)?'(\d+)'/gm;
const CALL = /\bimport\(\s*'(\d+)'/g;
const ENTRY_URL = /\bnew URL\(\s*'(\d+)',\s*import\.meta\.url/g;

/** What a file imports, statically, by `import()` and by the URL of an entry. */
export function importsOf(path: string, text: string): Import[] {
  const strings: string[] = [];
  const code = withoutComments(text).replace(
    STRING_OR_COMMENT,
    (match) => `'${strings.push(match.slice(1, -1)) - 1}'`,
  );
  const imports: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, kind: Import['kind']) =>
    imports.push({ specifier, target: targetOf(path, specifier), typeOnly, kind });
  for (const [, type, names, index] of code.matchAll(STATEMENT)) {
    add(strings[Number(index)]!, type !== undefined || onlyTypes(names), 'import');
  }
  for (const [, index] of code.matchAll(CALL)) add(strings[Number(index)]!, false, 'import');
  for (const [, index] of code.matchAll(ENTRY_URL)) add(`./${strings[Number(index)]}`, false, 'url');
  // A URL may name a file of any kind; only code is an import.
  return imports.filter(({ kind, target }) => kind === 'import' || target?.endsWith('.ts'));
}

function onlyTypes(names: string | undefined): boolean {
  const braced = /^\{([^}]*)\}$/.exec(names ?? '')?.[1];
  return braced?.split(',').every((name) => /^\s*(?:type\s|$)/.test(name)) ?? false;
}

/** Resolves a relative specifier; an entry named by its built name (`.js`), or by an extension worked out at run time, is the `.ts`. */
function targetOf(path: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  const target = posix.join(posix.dirname(path), specifier);
  return target.replace(/\.(?:js|\$\{[^}]*\})$/, '.ts');
}

/** The package of a bare specifier: `@scope/name` of `@scope/name/deep`; Node's modules keep their `node:`. */
export function packageOf(specifier: string): string {
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}
