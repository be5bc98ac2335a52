/** What all scenarios share on the command line: `--help`, `--json`, `--quick`. */
import { bold } from './table.ts';

export interface CommonFlags {
  readonly help: boolean;
  readonly json: boolean;
  /** Shows that the scenario works; its figures mean nothing. */
  readonly quick: boolean;
}

export interface Scenario<Flags extends CommonFlags, Report> {
  readonly help: string;
  /** Throws VOLLEY_USAGE with a line that names the flag. */
  readonly parseFlags: (args: readonly string[]) => Flags;
  /** `onProgress` gets a few words on what is being done, before each part. */
  readonly measure: (flags: Flags, onProgress: OnProgress) => Promise<Report>;
  /** The report for people. `emphasise` gets the lines that matter most. */
  readonly text: (report: Report, emphasise: (line: string) => string) => string;
}

export type OnProgress = (doing: string) => void;

/** Runs a scenario from its arguments to what is printed. */
export type RunScenario = (args: readonly string[], onProgress: OnProgress) => Promise<string>;

export function runnable<Flags extends CommonFlags, Report>(scenario: Scenario<Flags, Report>): RunScenario {
  return async (args, onProgress) => {
    const flags = scenario.parseFlags(args);
    if (flags.help) return scenario.help;
    const report = await scenario.measure(flags, onProgress);
    onProgress('');
    if (flags.json) return `${JSON.stringify(report, null, 2)}\n`;
    return scenario.text(report, bold(process.stdout));
  };
}

export const QUICK_NOTE = 'A quick run: it shows that the benchmark works, its figures mean nothing.';
