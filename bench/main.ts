/** `npm run -s bench -- <scenario>`: the command line of the benchmarks. Results go to standard output, progress to a terminal. */
import { EXIT, VolleyError } from '../src/errors.ts';
import { BANDWIDTH } from './bandwidth/scenario.ts';
import { BROKERS } from './brokers/scenario.ts';
import { CONNECTIONS } from './connections/scenario.ts';
import { HOSTS } from './hosts/hosts.ts';
import { ISOLATION } from './isolation/scenario.ts';
import { LATENCY } from './latency/scenario.ts';
import { report } from './page/command.ts';
import { PEERS } from './peers/scenario.ts';
import { profileText } from './profile.ts';
import { SCALE } from './scale/scenario.ts';
import { type RunScenario, runnable } from './scenario.ts';
import { START } from './start/scenario.ts';
import { bold } from './table.ts';
import { THROUGHPUT } from './throughput-scenario.ts';

interface Entry {
  readonly doc: string;
  readonly run: RunScenario;
}

const SCENARIOS: Readonly<Record<string, Entry>> = {
  throughput: {
    doc: 'deliveries a second and CPU of each, beside the raw undici + HMAC loop and BullMQ',
    run: runnable(THROUGHPUT),
  },
  peers: {
    doc: 'everything that can send a webhook, load generators too, side by side',
    run: runnable(PEERS),
  },
  bandwidth: { doc: 'gigabits a second beside the raw loop, by size of bodies', run: runnable(BANDWIDTH) },
  connections: { doc: 'what slots do for receivers that take their time', run: runnable(CONNECTIONS) },
  scale: { doc: 'cost of a delivery by what is queued, by destinations and by hosts', run: runnable(SCALE) },
  brokers: { doc: 'publishing and delivering by SQLite and by Redis', run: runnable(BROKERS) },
  isolation: { doc: 'what a bad neighbour does to healthy destinations', run: runnable(ISOLATION) },
  latency: {
    doc: 'from due to received, at shares of the maximum rate',
    run: runnable(LATENCY),
  },
  start: { doc: 'the first delivery of a worker, and what an idle one costs', run: runnable(START) },
  hosts: { doc: 'what very many hosts leave in memory and open files', run: runnable(HOSTS) },
  report: { doc: 'one HTML page with plots of results that --json printed', run: report },
  profile: {
    doc: 'where the time of CPU profiles went that throughput --profile wrote',
    run: async (files) => profileText(files, bold(process.stdout)),
  },
};

const HELP = `Usage: npm run -s bench -- SCENARIO [flags]

${Object.entries(SCENARIOS)
  .map(([name, { doc }]) => `  ${name.padEnd(12)}${doc}`)
  .join('\n')}

Each has --help; in those that measure, --quick shows in seconds that it works, --json prints one
JSON object. See bench/README.md.
`;

function showProgress(doing: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${doing}`);
}

async function main([scenario = '--help', ...args]: readonly string[]): Promise<string> {
  if (scenario === '--help') return HELP;
  const entry = SCENARIOS[scenario];
  if (entry !== undefined) return entry.run(args, showProgress);
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
