/** A report as one HTML file that needs nothing else: texts, figures, tables, and plots with their numbers beside them. */
import { type Chart, numbersOf, type Table } from './chart.ts';
import { DRAW_SCRIPT } from './draw-script.ts';
import { type Drawing, drawingOf } from './drawing.ts';
import { escaped } from './escape.ts';
import { plotScript, plotStyle } from './plot-library.ts';
import { STYLE } from './style.ts';

export interface Figure {
  readonly label: string;
  readonly value: string;
  /** What to know beside it; empty for nothing. */
  readonly note: string;
}

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** What must not be overlooked. */
  | { readonly kind: 'warning'; readonly text: string }
  /** A few numbers, large. */
  | { readonly kind: 'figures'; readonly figures: readonly Figure[] }
  | { readonly kind: 'table'; readonly table: Table }
  | { readonly kind: 'chart'; readonly chart: Chart };

export interface Section {
  readonly heading: string;
  readonly blocks: readonly Block[];
}

export interface Page {
  readonly title: string;
  /** One line below the title. */
  readonly subtitle: string;
  readonly sections: readonly Section[];
}

/** Nothing is loaded, from wherever: the page holds its style, its scripts and its numbers. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** The text of the file. */
export function pageHtml(page: Page): string {
  const drawings: Drawing[] = [];
  const sections = page.sections.map(
    ({ heading, blocks }) =>
      `<section>\n<h2>${escaped(heading)}</h2>\n${blocks.map((block) => blockHtml(block, drawings)).join('\n')}\n</section>`,
  );
  // A library of 50 KB is no use to a page without plots.
  const scripts =
    drawings.length === 0
      ? ''
      : `<script type="application/json" id="drawings">${scriptSafe(drawings)}</script>
<script>${plotScript()}</script>
<script>${DRAW_SCRIPT}</script>
`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(page.title)}</title>
<style>${drawings.length === 0 ? '' : plotStyle()}${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(page.title)}</h1>
<p>${escaped(page.subtitle)}</p>
</header>
<main>
${sections.join('\n')}
</main>
${scripts}</body>
</html>
`;
}

/** JSON that no parser of HTML takes for the end of its script. */
function scriptSafe(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}

function blockHtml(block: Block, drawings: Drawing[]): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escaped(block.text)}</p>`;
    case 'warning':
      return `<p class="warning" role="alert">${escaped(block.text)}</p>`;
    case 'figures':
      return `<dl class="figures">${block.figures.map(figureHtml).join('')}</dl>`;
    case 'table':
      return `<div class="wide">${tableHtml(block.table)}</div>`;
    case 'chart': {
      const id = `plot-${drawings.length + 1}`;
      drawings.push(drawingOf(id, block.chart));
      return chartHtml(id, block.chart);
    }
    default:
      return block satisfies never;
  }
}

function figureHtml({ label, value, note }: Figure): string {
  return `<div><dt>${escaped(label)}</dt><dd><strong>${escaped(value)}</strong> <small>${escaped(note)}</small></dd></div>`;
}

/** The plot is a picture to those who see it; the table beside it is the same for everybody. */
function chartHtml(id: string, chart: Chart): string {
  const about = chart.note === '' ? '' : `<p>${escaped(chart.note)}</p>`;
  return `<figure>
<figcaption id="${id}-title">${escaped(chart.title)}</figcaption>
${about}
<div class="pair"><div class="plot" id="${id}" role="img" aria-labelledby="${id}-title"></div>
<div class="numbers" tabindex="0" role="region" aria-label="${escaped(`${chart.title}: the numbers`)}">${tableHtml(numbersOf(chart))}</div></div>
</figure>`;
}

function tableHtml({ head, rows, emphasised }: Table): string {
  const cells = (row: readonly string[]) =>
    row.map((cell, index) => (index === 0 ? headCell(cell, 'row') : `<td>${escaped(cell)}</td>`)).join('');
  const body = rows.map(
    (row, index) => `<tr${emphasised.includes(index) ? ' class="emphasised"' : ''}>${cells(row)}</tr>`,
  );
  return `<table><thead><tr>${head.map((cell) => headCell(cell, 'col')).join('')}</tr></thead>
<tbody>${body.join('\n')}</tbody></table>`;
}

function headCell(text: string, scope: 'row' | 'col'): string {
  return `<th scope="${scope}">${escaped(text)}</th>`;
}
