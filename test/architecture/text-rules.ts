/** The rules on names and texts. Each answers with violations, one line each; none when the tree keeps it. */
import { type Sources, withoutComments } from './source-tree.ts';

/** Names that say nothing of what is inside. */
const EMPTY_NAME = /^(?:utils?|helpers?|common|managers?|misc|shared)$/;
const NAMED_THING = /^(?:export )?(?:abstract |async )*(?:class|interface|type|function)\s+(\w+)/gm;

/** No folder, file, class, interface, type or function has a name that could hold anything. */
export function checkNames(sources: Sources): string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    for (const word of path.replace(/\.\w+$/, '').split(/[/.-]/)) {
      if (EMPTY_NAME.test(word)) violations.push(`${path}: "${word}" says nothing; name what it does`);
    }
    for (const [, name] of withoutComments(text).matchAll(NAMED_THING)) {
      const last = name!.split(/(?=[A-Z])/).at(-1)!;
      if (EMPTY_NAME.test(last.toLowerCase())) {
        violations.push(`${path}: ${name} says nothing with "${last}"; name what it does`);
      }
    }
  }
  return violations;
}

/** Assembled, so that this file does not hold what it forbids. */
const UNFINISHED = new RegExp(`\\b(?:${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`);

/** Nothing is left for later in the text: it is done, or it is an issue. */
export function checkLeftovers(sources: Sources): string[] {
  return eachLine(sources, (line) => {
    const word = UNFINISHED.exec(line)?.[0];
    return word === undefined ? null : `"${word}": do it now, or open an issue`;
  });
}

const SET_ASIDE = /\b(?:test|it|describe|suite|t)\.(?:skip|only|todo)\(|[{,]\s*(?:skip|only|todo):/;

/** No test is skipped or singled out. */
export function checkSetAside(sources: Sources): string[] {
  return eachLine(sources, (line, path) =>
    path.endsWith('.test.ts') && SET_ASIDE.test(line) ? 'every test runs: mend it or delete it' : null,
  );
}

const TEST_NAME = /\.(?:test|spec)\.\w+$|(?:^|\/)__tests__\//;
const RUN_BY_NPM_TEST = /^test\/.*\.test\.ts$/;

/** Every test file is one that `npm test` runs. */
export function checkTestsRun(paths: readonly string[]): string[] {
  return paths
    .filter((path) => TEST_NAME.test(path) && !RUN_BY_NPM_TEST.test(path))
    .map((path) => `${path}: npm test runs test/**/*.test.ts only; move it there`);
}

const TERMINAL = /\bconsole\.\w+|\bprocess\.(?:exit\w*|stdout|stderr)\b/;

/** Only the commands print or end the process. */
export function checkTerminal(sources: Sources): string[] {
  return eachLine(
    sources,
    (line, path) => {
      if (!path.startsWith('src/') || path.startsWith('src/cli/')) return null;
      const use = TERMINAL.exec(line)?.[0];
      return use === undefined ? null : `${use}: only src/cli/ prints or exits; return it, log it or throw`;
    },
    withoutComments,
  );
}

/** Runs a check on every line; what it answers is a violation, and gets its place in front. */
function eachLine(
  sources: Sources,
  check: (line: string, path: string) => string | null,
  prepare = (text: string) => text,
): string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    for (const [index, line] of prepare(text).split('\n').entries()) {
      const fault = check(line, path);
      if (fault !== null) violations.push(`${path}:${index + 1}: ${fault}`);
    }
  }
  return violations;
}
