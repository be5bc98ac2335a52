/** What a plot shows, whatever draws it, and the same as a table. */
import { figureText } from './figure-text.ts';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Indexes of the rows that matter most. */
  readonly emphasised: readonly number[];
}

export interface Series {
  readonly name: string;
  /** One for each place on the x axis; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Dashed, as limits and goals are. */
  readonly isLimit?: boolean;
}

interface ChartBase {
  readonly title: string;
  /** What to see in it, or how it was made; empty for nothing. */
  readonly note: string;
  /** What the x axis counts, with its unit. */
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
}

export type Chart =
  /** Lines over numbers, which are in ascending order. Logarithmic axes take positive numbers alone. */
  | (ChartBase & {
      readonly kind: 'lines';
      readonly x: readonly number[];
      readonly xLogarithmic?: boolean;
      readonly yLogarithmic?: boolean;
    })
  /** Bars over names, those of several series side by side; limits are lines across. */
  | (ChartBase & {
      readonly kind: 'bars';
      readonly x: readonly string[];
      /** The index of a bar to look at first. */
      readonly highlight?: number;
    });

/** The numbers of a chart: a row for each place on its x axis. */
export function numbersOf(chart: Chart): Table {
  const cell = (value: number | null) => (value === null ? '–' : figureText(value));
  return {
    head: [chart.xLabel, ...chart.series.map(({ name }) => name)],
    rows: chart.x.map((place, index) => [
      typeof place === 'number' ? figureText(place) : place,
      ...chart.series.map(({ values }) => cell(values[index] ?? null)),
    ]),
    emphasised: chart.kind === 'bars' && chart.highlight !== undefined ? [chart.highlight] : [],
  };
}
