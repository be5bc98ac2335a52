/** The rules of who may import whom. Each answers with violations, one line each; none when the tree keeps it. */
import { importsOf, packageOf, type Sources } from './source-tree.ts';

/** The rooms of `src/` in layers, lowest first: a room imports itself and rooms of lower layers, never of its own or a higher one. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors', 'version'],
  ['runtime', 'capacity', 'report'],
  ['delivery', 'host'],
  ['guard', 'signing'],
  ['broker', 'thread', 'record', 'config', 'secrets'],
  ['pool', 'publish', 'reserve', 'settle', 'maintain', 'doctor'],
  ['dispatch'],
  // Some files make up the composition root.
  ['settings', 'endings', 'thread-plan'],
  ['engine-options'],
  ['flow', 'errands', 'idle', 'slots'],
  ['isolation'],
  ['machine'],
  ['engine'],
  ['admin'],
  ['cli', 'index'],
];

/** Rooms that only these may import: all others are handed plain values. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  config: ['settings', 'thread-plan', 'engine-options', 'machine', 'engine', 'cli', 'index'],
  secrets: ['settings', 'engine-options', 'engine', 'cli', 'index'],
  capacity: ['admin', 'host', 'dispatch', 'thread-plan', 'cli', 'index'],
  host: ['doctor', 'machine', 'cli'],
  doctor: ['cli'],
  report: ['cli'],
};

/** Where a package may be imported. One implementation hides each, so that it can be replaced. */
const CONFINED: Readonly<Record<string, { folder: string; typesAnywhere: boolean }>> = {
  jose: { folder: 'src/thread/', typesAnywhere: false },
  'jsonc-parser': { folder: 'src/config/', typesAnywhere: false },
  uplot: { folder: 'src/report/', typesAnywhere: false },
  undici: { folder: 'src/thread/', typesAnywhere: false },
  piscina: { folder: 'src/pool/', typesAnywhere: false },
  ioredis: { folder: 'src/broker/redis/', typesAnywhere: false },
  'node:sqlite': { folder: 'src/broker/sqlite/', typesAnywhere: false },
  // The engine is handed a logger, so its type is part of the public interface.
  pino: { folder: 'src/record/', typesAnywhere: true },
};

/** The room of a file: the folder in `src/`, or the name of a file that is a room by itself. */
export function roomOf(path: string): string | null {
  return /^src\/([^/.]+)/.exec(path)?.[1] ?? null;
}

/** Imports between rooms run one way. */
export function checkDirections(sources: Sources): string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    const from = roomOf(path);
    if (from === null) continue;
    if (layerOf(from) === -1) {
      violations.push(
        `${path}: "${from}" is not a room; put it in one, or add it to LAYERS and ARCHITECTURE.md`,
      );
      continue;
    }
    for (const { specifier, target } of importsOf(path, text)) {
      const fault = target === null ? null : edgeFault(from, roomOf(target));
      if (fault !== null) violations.push(`${path} imports ${specifier}: ${fault}`);
    }
  }
  return violations;
}

function layerOf(room: string): number {
  return LAYERS.findIndex((rooms) => rooms.includes(room));
}

function edgeFault(from: string, to: string | null): string | null {
  if (to === null) return 'src/ imports nothing of the repository from outside src/';
  if (to === from) return null;
  const only = ONLY_FOR[to];
  if (only !== undefined && !only.includes(from)) {
    return `only ${only.join(', ')} may import ${to}; ${from} is handed plain values`;
  }
  if (layerOf(to) < layerOf(from)) return null;
  return `imports run one way, and ${to} is not below ${from}; let the engine hand it over as a function`;
}

/** Packages stay in the room that hides them, and every package is a declared dependency. */
export function checkPackages(sources: Sources, dependencies: readonly string[]): string[] {
  const violations: string[] = [];
  const unused = new Set(dependencies);
  for (const [path, text] of sources) {
    for (const { specifier, target, typeOnly, kind } of importsOf(path, text)) {
      if (target !== null || kind === 'url') continue;
      const name = packageOf(specifier);
      unused.delete(name);
      if (!name.startsWith('node:') && !dependencies.includes(name)) {
        violations.push(`${path} imports ${specifier}: not in package.json's "dependencies"`);
      }
      const confined = CONFINED[name];
      if (confined === undefined || path.startsWith(confined.folder)) continue;
      if (typeOnly && confined.typesAnywhere) continue;
      violations.push(`${path} imports ${specifier}: ${name} belongs to ${confined.folder} alone`);
    }
  }
  for (const name of unused) violations.push(`package.json: nothing in src/ imports the dependency ${name}`);
  return violations;
}

/** No file imports itself by way of others, types included. Answers each cycle once, from its first file in the alphabet. */
export function checkCycles(sources: Sources): string[] {
  const cycles = new Set<string>();
  const done = new Set<string>();
  const way: string[] = [];
  const visit = (path: string) => {
    const start = way.indexOf(path);
    if (start !== -1) cycles.add(describeCycle(way.slice(start)));
    if (start !== -1 || done.has(path)) return;
    way.push(path);
    for (const { target, kind } of importsOf(path, sources.get(path) ?? '')) {
      if (target !== null && kind === 'import') visit(target);
    }
    way.pop();
    done.add(path);
  };
  for (const path of sources.keys()) visit(path);
  return [...cycles];
}

function describeCycle(files: readonly string[]): string {
  const first = files.indexOf(files.toSorted()[0]!);
  const turned = [...files.slice(first), ...files.slice(0, first), files[first]];
  return `${turned.join(' → ')}: an import cycle; move what they share below both`;
}

/** Every file is reached from an entry, and every relative import names a file there is. */
export function checkReach(sources: Sources, entries: readonly string[]): string[] {
  const violations: string[] = [];
  const reached = new Set<string>();
  const visit = (path: string, from: string) => {
    if (reached.has(path)) return;
    const text = sources.get(path);
    if (text === undefined) {
      if (path.endsWith('.ts')) violations.push(`${from} imports ${path}: there is no such file`);
      return;
    }
    reached.add(path);
    for (const { target } of importsOf(path, text)) if (target !== null) visit(target, path);
  };
  for (const entry of entries) visit(entry, 'the list of entries');
  const dead = [...sources.keys()].filter((path) => !reached.has(path));
  return [...violations, ...dead.map((path) => `${path}: nothing imports it; delete it or use it`)];
}
