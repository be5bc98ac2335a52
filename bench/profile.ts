/** Where the time of CPU profiles went, by the function that was running. */
import { readFileSync } from 'node:fs';
import { VolleyError } from '../src/errors.ts';
import { table } from './table.ts';

/** What `node --cpu-prof` writes, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** Functions listed: the rest are below half a percent each. */
const LISTED = 30;
/** V8's name for time in which nothing ran. */
const IDLE = '(idle)';

/** A table of the functions with most time of their own in all the files together; idle time is left out. */
export function profileText(files: readonly string[], emphasise: (line: string) => string): string {
  if (files.length === 0)
    throw new VolleyError('VOLLEY_USAGE', 'profile: name the .cpuprofile files that --profile DIR wrote');
  const micros = new Map<string, number>();
  for (const file of files) addSelfTimes(micros, readProfile(file));
  const total = micros.values().reduce((sum, value) => sum + value, 0);
  const rows = [...micros]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, LISTED)
    .map(([name, value]) => [
      name,
      `${((value / total) * 100).toFixed(1)} %`,
      `${Math.round(value / 1000)} ms`,
    ]);
  return `${table(['function', 'own time', ''], rows, emphasise)}\n`;
}

function readProfile(file: string): CpuProfile {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  } catch (cause) {
    throw new VolleyError(
      'VOLLEY_USAGE',
      `profile: ${file} is not a CPU profile: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

function addSelfTimes(micros: Map<string, number>, { nodes, samples, timeDeltas }: CpuProfile): void {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => {
      const place = url === '' ? '' : ` ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`;
      return [id, `${functionName === '' ? '(anonymous)' : functionName}${place}`];
    }),
  );
  samples.forEach((sample, index) => {
    const name = names.get(sample)!;
    if (name !== IDLE) micros.set(name, (micros.get(name) ?? 0) + timeDeltas[index]!);
  });
}
