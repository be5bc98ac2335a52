/** The throughput scenario as the command line runs it. */
import { type Flags, HELP, parseFlags } from './flags.ts';
import { throughputText } from './report.ts';
import type { Scenario } from './scenario.ts';
import { type ThroughputReport, throughput } from './throughput.ts';

export const THROUGHPUT: Scenario<Flags, ThroughputReport> = {
  help: HELP,
  parseFlags,
  measure: throughput,
  text: throughputText,
};
