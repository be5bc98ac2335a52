/** `npm run -s bench -- <scenario>`: the command line of the benchmarks. Results go to standard output, progress to a terminal. */
import { EXIT, VolleyError } from '../src/errors.ts';
import { HELP, parseFlags } from './flags.ts';
import { hosts } from './hosts/hosts.ts';
import { profileText } from './profile.ts';
import { throughputText } from './report.ts';
import { bold } from './table.ts';
import { throughput } from './throughput.ts';

const SCENARIOS: Readonly<Record<string, (args: readonly string[]) => Promise<string>>> = {
  throughput: async (args) => {
    const flags = parseFlags(args);
    if (flags.help) return HELP;
    const report = await throughput(flags, showProgress);
    showProgress('');
    return flags.json ? `${JSON.stringify(report, null, 2)}\n` : throughputText(report, bold(process.stdout));
  },
  hosts: (args) => hosts(args, showProgress),
  profile: async (files) => profileText(files, bold(process.stdout)),
};

function showProgress(doing: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${doing}`);
}

async function main([scenario = '--help', ...args]: readonly string[]): Promise<string> {
  if (scenario === '--help') return HELP;
  const runScenario = SCENARIOS[scenario];
  if (runScenario !== undefined) return runScenario(args);
  const names = Object.keys(SCENARIOS).join(', ');
  throw new VolleyError(
    'VOLLEY_USAGE',
    `there is no scenario "${scenario}", choose from ${names} (see --help)`,
  );
}

// What was started ends when this process exits, so an interruption must be an exit.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));

try {
  process.stdout.write(await main(process.argv.slice(2)));
} catch (error) {
  showProgress('');
  const known = error instanceof VolleyError;
  process.stderr.write(`bench: ${known ? error.message : (error as Error).stack}\n`);
  process.exitCode = known ? error.exitCode : EXIT.workFailed;
}
