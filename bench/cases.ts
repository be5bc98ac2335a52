/** The cases of the throughput scenario, named `http-10`, `https-1000` and so on: scheme and destinations. */
import { VolleyError } from '../src/errors.ts';

export interface Case {
  readonly name: string;
  readonly scheme: 'http' | 'https';
  readonly destinations: number;
}

export const CASES: readonly Case[] = (['http', 'https'] as const).flatMap((scheme) =>
  [1, 10, 1_000].map((destinations) => ({ name: `${scheme}-${destinations}`, scheme, destinations })),
);

/** The case whose ratios stand for the whole: the one that most users resemble. */
export const HEADLINE = 'http-10';

export function caseNamed(name: string): Case {
  const found = CASES.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  const names = CASES.map((candidate) => candidate.name).join(', ');
  throw new VolleyError('VOLLEY_USAGE', `--cases: there is no "${name}", choose from ${names}`);
}
