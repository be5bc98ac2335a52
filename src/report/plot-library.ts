/** The text of the charting library, as a page holds it: uPlot (MIT), 51 KB, without dependencies of its own. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function plotScript(): string {
  return distributed('uPlot.iife.min.js');
}

export function plotStyle(): string {
  return distributed('uPlot.min.css');
}

function distributed(name: string): string {
  return readFileSync(fileURLToPath(import.meta.resolve(`uplot/dist/${name}`)), 'utf8');
}
