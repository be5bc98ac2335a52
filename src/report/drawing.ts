/** A chart as the library takes it: columns of numbers, and what can be said of axes and series without code. */
import type { AlignedData } from 'uplot';
import type { Chart, Series } from './chart.ts';

export interface DrawnSeries {
  readonly label: string;
  /** Which of the page's colours: -1 for what is to be looked at first. */
  readonly colour: number;
  readonly form: 'line' | 'limit' | 'bars';
}

export interface Drawing {
  /** Of the element it is drawn into. */
  readonly id: string;
  readonly data: AlignedData;
  readonly series: readonly DrawnSeries[];
  readonly xLabel: string;
  readonly yLabel: string;
  /** Names on the x axis, and where they stand; null for numbers. */
  readonly names: { readonly at: readonly number[]; readonly texts: readonly string[] } | null;
  readonly xLogarithmic: boolean;
  readonly yLogarithmic: boolean;
}

export function drawingOf(id: string, chart: Chart): Drawing {
  const { xLabel, yLabel } = chart;
  switch (chart.kind) {
    case 'lines':
      return {
        id,
        xLabel,
        yLabel,
        data: [[...chart.x], ...chart.series.map(({ values }) => [...values])],
        series: chart.series.map(({ name, isLimit = false }, colour) => ({
          label: name,
          colour,
          form: isLimit ? 'limit' : 'line',
        })),
        names: null,
        xLogarithmic: chart.xLogarithmic ?? false,
        yLogarithmic: chart.yLogarithmic ?? false,
      };
    case 'bars':
      return { id, xLabel, yLabel, ...barsOf(chart), xLogarithmic: false, yLogarithmic: false };
    default:
      return chart satisfies never;
  }
}

/** Bars stand at whole numbers, each name's side by side and a gap after them; each series fills its own places alone. */
function barsOf({ x, series, highlight }: Extract<Chart, { kind: 'bars' }>) {
  const bars = series.filter(({ isLimit }) => isLimit !== true);
  const limits = series.filter(({ isLimit }) => isLimit === true);
  const stride = bars.length === 1 ? 1 : bars.length + 1;
  const places = x.flatMap((_, name) => bars.map((_, bar) => ({ at: name * stride + bar, name, bar })));
  const column = (values: Series['values'], has: (place: (typeof places)[number]) => boolean) =>
    places.map((place) => (has(place) ? (values[place.name] ?? null) : null));
  const drawn = bars.flatMap(({ name, values }, bar): [DrawnSeries, (number | null)[]][] => [
    [
      { label: name, colour: bar, form: 'bars' },
      column(values, (place) => place.bar === bar && place.name !== highlight),
    ],
    ...(highlight === undefined
      ? []
      : [
          [
            { label: `${name}, ${x[highlight]}`, colour: -1, form: 'bars' },
            column(values, (place) => place.bar === bar && place.name === highlight),
          ] as [DrawnSeries, (number | null)[]],
        ]),
  ]);
  const across = limits.map(({ name, values }, index): [DrawnSeries, (number | null)[]] => [
    { label: name, colour: bars.length + index, form: 'limit' },
    column(values, () => true),
  ]);
  const all = [...drawn, ...across];
  return {
    data: [places.map(({ at }) => at), ...all.map(([, values]) => values)] as AlignedData,
    series: all.map(([look]) => look),
    names: { at: x.map((_, name) => name * stride + (bars.length - 1) / 2), texts: x },
  };
}
