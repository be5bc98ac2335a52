/** `report`: the page of results, as the command line makes it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { VolleyError } from '../../src/errors.ts';
import { readArguments } from '../flags.ts';
import { resultsHtml } from './results-page.ts';

const HELP = `Usage: npm run -s bench -- report RESULT.json… --html FILE

One HTML page with plots of what scenarios printed with --json, in the order given. Results of
throughput with different --slots or --threads become plots over those.

  --html FILE   where the page is written

Examples:
  npm run -s bench -- report throughput.json latency.json --html report.html
  npm run -s bench -- report bench/results/*.json --html bench/results/report.html
`;

/** Writes the page, and answers what there is to say of it. */
export async function report(args: readonly string[]): Promise<string> {
  const { values, positionals: files } = readArguments(args, {
    help: { type: 'boolean' },
    html: { type: 'string' },
  });
  if (values.help === true) return HELP;
  const { html } = values;
  if (html === undefined)
    throw new VolleyError('VOLLEY_USAGE', '--html: say which file the page goes to (see --help)');
  const page = resultsHtml(files.map((name) => ({ name, text: textOf(name) })));
  try {
    writeFileSync(html, page);
  } catch (cause) {
    throw new VolleyError('VOLLEY_USAGE', `--html: ${(cause as Error).message}`, { cause });
  }
  return `${html}: ${files.length} ${files.length === 1 ? 'result' : 'results'}\n`;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new VolleyError('VOLLEY_USAGE', (cause as Error).message, { cause });
  }
}
