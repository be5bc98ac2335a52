/** What a command is. */
import type { OptionScope, OptionTable, ValuesOf } from '../config/option-spec.ts';
import type { OptionValues } from '../config/options.ts';

/** What a command was called with, validated. */
export interface Invocation<Flags extends OptionTable> {
  /** The options of the command's scope; those of others have their defaults. */
  readonly options: OptionValues;
  /** The command's own flags. */
  readonly flags: ValuesOf<Flags>;
  readonly operands: readonly string[];
  /** The options as they would be if the command were called now, with another config file perhaps. Throws as at the call. */
  readonly readAgain: () => OptionValues;
}

export interface Command<Flags extends OptionTable = OptionTable> {
  /** Which options of the table it takes; null for none. */
  readonly scope: OptionScope | null;
  /** Flags of its own, known to neither the environment nor the config file. */
  readonly flags: Flags;
  /** The one of these flags that names a JSON file with the others, whose keys are flags without their dashes. */
  readonly fileFlag?: string;
  /** What may follow that is no flag, as usage shows it; null for nothing. */
  readonly operands: string | null;
  /** What one should know beside the flags; paragraphs. */
  readonly notes: readonly string[];
  /** Each a whole command line, with a comment above it where it needs one. */
  readonly examples: readonly string[];
  /** Does it, and answers the exit code. */
  run(invocation: Invocation<Flags>): Promise<number>;
}

/** A command whose `run` knows the types of its own flags. */
export function defineCommand<const Flags extends OptionTable>(command: Command<Flags>): Command {
  return command as unknown as Command;
}

/** The flag of every command that reports. */
export const JSON_FLAG = {
  kind: 'boolean',
  flag: 'json',
  default: false,
  scopes: [],
  doc: 'report as JSON, for programs',
} as const;
