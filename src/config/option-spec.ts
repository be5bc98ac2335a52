/** What an entry of a table of options says, and what follows from it: the type of its value, its name in the environment. */

/** The commands an option belongs to. */
export type OptionScope =
  | 'worker'
  | 'publish'
  | 'queue'
  | 'dead'
  | 'destinations'
  | 'check'
  | 'verify'
  | 'doctor';

interface OptionBase<Kind extends string, Value> {
  readonly kind: Kind;
  /** The flag without its dashes. */
  readonly flag: string;
  /** The short placeholder of the value in `--help`, for example `FILE`; absent for booleans. */
  readonly value?: string;
  /** The value when nobody says otherwise; null where the default is worked out at start (the doc says how). */
  readonly default: Value | null;
  readonly scopes: readonly OptionScope[];
  /** One line. */
  readonly doc: string;
}

/** What a number may be, both ends included, and what it counts. */
interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly unit: string;
}

export type OptionSpec =
  | OptionBase<'boolean', boolean>
  /** Free text; where `prefixes` are given, it begins with one of them. */
  | (OptionBase<'string', string> & { readonly prefixes?: readonly string[] })
  /** One of a fixed set. */
  | (OptionBase<'choice', string> & { readonly choices: readonly string[] })
  /** Repeatable; in the environment separated by commas, in the file an array. */
  | (OptionBase<'list', readonly string[]> & { readonly choices?: readonly string[] })
  /** Repeatable networks in CIDR form. */
  | OptionBase<'networks', readonly string[]>
  /** Repeatable hosts: names, `*.SUFFIX`, IP addresses. */
  | OptionBase<'hosts', readonly string[]>
  /** Repeatable IP addresses, each with a port where it is not the usual one. */
  | OptionBase<'servers', readonly string[]>
  /** Where `words` are given, one of them stands for a number that is found out. */
  | (OptionBase<'integer', number | string> & NumberRange & { readonly words?: readonly string[] })
  | (OptionBase<'number', number> & NumberRange)
  /** Numbers separated by commas; as many as `count` says. */
  | (OptionBase<'numbers', readonly number[]> & NumberRange & { readonly count: number })
  /** Repeatable integers. */
  | (OptionBase<'integers', readonly number[]> & NumberRange)
  /** Written `250ms`, `8s`, `5m`, `1h`, `7d`; held in milliseconds, bounds too. */
  | (OptionBase<'duration', number> & { readonly min: number; readonly max: number })
  /** Written `100/s`, `600/m`, `5000/h`; held as events per second, bounds too. */
  | (OptionBase<'rate', number> & { readonly min: number; readonly max: number })
  /** Written `8gbit`, `500mbit`, `100mbyte`, a second, decimal; held as bytes per second, bounds too. */
  | (OptionBase<'bandwidth', number> & { readonly min: number; readonly max: number })
  /** Durations separated by commas. */
  | (OptionBase<'durations', readonly number[]> & { readonly min: number; readonly max: number });

export type OptionTable = Readonly<Record<string, OptionSpec>>;

type ValueOf<Spec> = Spec extends { kind: 'boolean' }
  ? boolean
  : Spec extends { kind: 'integer' | 'number' | 'duration' | 'rate' | 'bandwidth' }
    ? Spec extends { words: readonly (infer Word)[] }
      ? number | Word
      : number
    : Spec extends { kind: 'integers' | 'numbers' | 'durations' }
      ? readonly number[]
      : Spec extends { kind: 'list' | 'choice'; choices: readonly (infer Choice)[] }
        ? Spec extends { kind: 'list' }
          ? readonly Choice[]
          : Choice
        : Spec extends { kind: 'list' | 'networks' | 'hosts' | 'servers' }
          ? readonly string[]
          : string;

/** Every option of a table with its value; null is possible where the default is null. */
export type ValuesOf<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name]['default'] extends null
    ? ValueOf<Table[Name]> | null
    : ValueOf<Table[Name]>;
};

/** The defaults of a table. */
export function defaultsOf<Table extends OptionTable>(table: Table): ValuesOf<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([name, spec]) => [name, spec.default]),
  ) as ValuesOf<Table>;
}

/** The name an option has in the environment: `VOLLEY_` and the flag in capitals. */
export function environmentName(spec: OptionSpec): string {
  return `VOLLEY_${spec.flag.replaceAll('-', '_').toUpperCase()}`;
}
