import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Chart, numbersOf } from '../../src/report/chart.ts';
import { type Block, pageHtml } from '../../src/report/page.ts';
import { assertWhole } from './page-testing.ts';

const page = (...blocks: Block[]) =>
  pageHtml({ title: 'A title', subtitle: 'Below it', sections: [{ heading: 'Part', blocks }] });

const LINES: Chart = {
  kind: 'lines',
  title: 'Rate over hosts',
  note: '',
  xLabel: 'hosts',
  yLabel: 'events/s',
  x: [1, 2, 4],
  series: [
    { name: 'planned', values: [1_234.5, null, 0.123456] },
    { name: 'goal', values: [5, 5, 5], isLimit: true },
  ],
};
const BARS: Chart = {
  kind: 'bars',
  title: 'Use',
  note: 'What to see.',
  xLabel: 'resource',
  yLabel: '%',
  x: ['CPU', 'memory'],
  series: [
    { name: 'before', values: [10, 20] },
    { name: 'after', values: [30, null] },
    { name: 'limit', values: [80, 80], isLimit: true },
  ],
};

test('a page loads nothing, and has a table beside each plot', () => {
  const drawings = assertWhole(page({ kind: 'chart', chart: LINES }, { kind: 'chart', chart: BARS }));
  deepEqual(
    drawings.map(({ id }) => id),
    ['plot-1', 'plot-2'],
  );
  deepEqual(drawings[0]!.data, [
    [1, 2, 4],
    [1_234.5, null, 0.123456],
    [5, 5, 5],
  ]);
});

test('a page without plots does without their library', () => {
  const html = page({ kind: 'text', text: 'Only words.' });
  deepEqual(assertWhole(html), []);
  ok(html.length < 8_000);
});

test('the numbers of a chart are its table, in four digits, with a dash for none', () => {
  deepEqual(numbersOf(LINES), {
    head: ['hosts', 'planned', 'goal'],
    rows: [
      ['1', '1,235', '5'],
      ['2', '–', '5'],
      ['4', '0.1235', '5'],
    ],
    emphasised: [],
  });
});

test('bars of several series stand side by side, and a limit goes across all', () => {
  const [drawing] = assertWhole(page({ kind: 'chart', chart: BARS }));
  deepEqual(drawing!.data, [
    [0, 1, 3, 4],
    [10, null, 20, null],
    [null, 30, null, null],
    [80, 80, 80, 80],
  ]);
  deepEqual(
    drawing!.series.map(({ form }) => form),
    ['bars', 'bars', 'limit'],
  );
});

test('the bar to look at first has a colour of its own, and its row is emphasised', () => {
  const one: Chart = { ...BARS, series: [BARS.series[0]!], highlight: 1 };
  const html = page({ kind: 'chart', chart: one });
  const [drawing] = assertWhole(html);
  deepEqual(drawing!.data, [
    [0, 1],
    [10, null],
    [null, 20],
  ]);
  deepEqual(
    drawing!.series.map(({ label, colour }) => [label, colour]),
    [
      ['before', 0],
      ['before, memory', -1],
    ],
  );
  match(html, /<tr class="emphasised"><th scope="row">memory<\/th>/);
});

test('no text gets out of its place', () => {
  const evil = '</script><script>alert(1)</script>"\'&<!--';
  const html = pageHtml({
    title: evil,
    subtitle: evil,
    sections: [
      {
        heading: evil,
        blocks: [
          { kind: 'text', text: evil },
          { kind: 'warning', text: evil },
          { kind: 'figures', figures: [{ label: evil, value: evil, note: evil }] },
          { kind: 'table', table: { head: [evil], rows: [[evil, evil]], emphasised: [0] } },
          { kind: 'chart', chart: { ...BARS, title: evil, note: evil, x: [evil, 'b'], xLabel: evil } },
        ],
      },
    ],
  });
  const drawings = assertWhole(html);
  equal(drawings.length, 1);
  ok(!html.includes('<script>alert(1)'));
});

test('colours are there for light, dark and paper', () => {
  const html = page({ kind: 'chart', chart: LINES });
  match(html, /@media \(prefers-color-scheme: dark\)/);
  match(html, /@media print/);
  match(html, /addEventListener\('beforeprint'/);
});
