/** The command line, read by a table of options: which flags were given, with which texts, and what is not a flag. */
import { parseArgs } from 'node:util';
import { VolleyError } from '../errors.ts';
import { didYouMean } from './nearest.ts';
import type { OptionSpec, OptionTable } from './option-spec.ts';
import { expected } from './values.ts';

export interface GivenArguments {
  /** By flag, without its dashes: each text it was given with, in order; `true` or `false` for a boolean. */
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
  /** `--help` or `-h` was there. */
  readonly help: boolean;
}

type Token = ReturnType<typeof parseArgs<{ strict: false; tokens: true }>>['tokens'][number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** Reads what follows the command's name. Throws VOLLEY_USAGE for an unknown flag and for one without its value. */
export function readArguments(args: readonly string[], table: OptionTable, command: string): GivenArguments {
  const specs = new Map(Object.values(table).map((spec) => [spec.flag, spec]));
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      [...specs].map(
        ([flag, spec]) => [flag, { type: spec.kind === 'boolean' ? 'boolean' : 'string' }] as const,
      ),
    ),
    strict: false,
    tokens: true,
    allowPositionals: true,
    allowNegative: true,
  });
  const texts = new Map<string, string[]>();
  const positionals: string[] = [];
  let help = false;
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.rawName === '--help' || token.rawName === '-h') {
      help = true;
      continue;
    }
    // A single dash is for `-h` alone: `-queue` would otherwise be read as six flags.
    const spec = token.rawName.startsWith('--') ? specs.get(token.name) : undefined;
    if (spec === undefined) throw unknownFlag(token, args, specs.keys(), command);
    const given = texts.get(spec.flag);
    const text = textOf(token, spec);
    if (given === undefined) texts.set(spec.flag, [text]);
    else given.push(text);
  }
  return { texts, positionals, help };
}

function unknownFlag(token: OptionToken, args: readonly string[], flags: Iterable<string>, command: string) {
  const written = token.rawName.startsWith('--') ? token.rawName : args[token.index]!;
  const known = [...flags, 'help'].map((flag) => `--${flag}`);
  const hint = didYouMean(written, known) || `: see volley ${command} --help`;
  return new VolleyError('VOLLEY_USAGE', `volley ${command} has no flag ${written}${hint}`);
}

function textOf(token: OptionToken, spec: OptionSpec): string {
  if (spec.kind === 'boolean') {
    const negated = token.rawName === `--no-${spec.flag}`;
    if (token.value === undefined) return negated ? 'false' : 'true';
    throw new VolleyError(
      'VOLLEY_USAGE',
      `--${spec.flag} takes no value: write --${spec.flag} to turn it on, --no-${spec.flag} to turn it off`,
    );
  }
  const { value } = token;
  if (value === undefined)
    throw new VolleyError('VOLLEY_USAGE', `--${spec.flag} lacks its value: give ${expected(spec)}`);
  // `--broker --once`: the next flag was taken for the value.
  if (!token.inlineValue && value.length > 1 && value.startsWith('-'))
    throw new VolleyError(
      'VOLLEY_USAGE',
      `--${spec.flag} lacks its value: give ${expected(spec)} (one that begins with a dash as --${spec.flag}=${value})`,
    );
  return value;
}
