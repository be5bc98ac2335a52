/** Results of benchmarks as one HTML page with plots, that needs nothing else. */
import { VolleyError } from '../../src/errors.ts';
import type { Chart } from '../../src/report/chart.ts';
import { type Block, pageHtml, type Section } from '../../src/report/page.ts';
import { BUSY_NOTE } from '../figures.ts';
import { QUICK_NOTE } from '../scenario.ts';
import { chartsOf } from './charts.ts';
import { type NamedResult, resultOf } from './result.ts';
import { sweepCharts } from './throughput-charts.ts';

/** What a scenario asks, as the heading of its plots. */
const HEADINGS: Readonly<Record<NamedResult['result']['scenario'], string>> = {
  throughput: 'Throughput',
  peers: 'Side by side',
  bandwidth: 'Bandwidth',
  latency: 'Latency',
  isolation: 'Isolation',
  connections: 'Slots and slow receivers',
  scale: 'Scale',
  brokers: 'Brokers',
  start: 'Start',
  hosts: 'Very many hosts',
};

/**
 * The page of the files that `--json` wrote: their names and texts, in the order in which they are shown.
 * Throws VOLLEY_USAGE naming the one that is no result of a scenario with plots, or when there is none.
 */
export function resultsHtml(files: readonly { readonly name: string; readonly text: string }[]): string {
  const results = files.map(({ name, text }) => {
    const result = resultOf(name, text);
    if (result !== null) return result;
    throw new VolleyError(
      'VOLLEY_USAGE',
      `${name} is no result with plots: give what a scenario printed with --json (${Object.keys(HEADINGS).join(', ')})`,
    );
  });
  if (results.length === 0)
    throw new VolleyError(
      'VOLLEY_USAGE',
      'no result is given: give files that scenarios printed with --json',
    );
  const machines = [...new Set(results.map(({ machine }) => machine).filter((line) => line !== ''))];
  const sweeps = sweepCharts(results).map(chartBlock);
  return pageHtml({
    title: 'Volley benchmarks',
    subtitle: machines.join(' · '),
    sections: [
      ...results.map(sectionOf),
      ...(sweeps.length === 0 ? [] : [{ heading: 'Slots and threads', blocks: sweeps }]),
    ],
  });
}

function sectionOf({ name, quick, busy, machine, result }: NamedResult): Section {
  const about: Block = { kind: 'text', text: machine === '' ? name : `${name}: ${machine}.` };
  const notes = [...(quick ? [QUICK_NOTE] : []), ...(busy ? [BUSY_NOTE] : [])];
  const warnings = notes.map((text): Block => ({ kind: 'warning', text }));
  return {
    heading: HEADINGS[result.scenario],
    blocks: [about, ...warnings, ...chartsOf(result).map(chartBlock)],
  };
}

function chartBlock(chart: Chart): Block {
  return { kind: 'chart', chart };
}
