/** The isolation scenario as the command line runs it. */
import type { Scenario } from '../scenario.ts';
import { HELP, type IsolationFlags, parseFlags } from './flags.ts';
import { type IsolationReport, measureIsolation } from './isolation.ts';
import { isolationText } from './report.ts';

export const ISOLATION: Scenario<IsolationFlags, IsolationReport> = {
  help: HELP,
  parseFlags,
  measure: measureIsolation,
  text: isolationText,
};
