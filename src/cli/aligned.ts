/** A table in aligned columns that gives up columns where the terminal is narrow. */
import type { Format, Paint } from './paint.ts';

export interface Column<Row> {
  readonly heading: string;
  readonly align: 'left' | 'right';
  readonly cell: (row: Row) => string;
  /** How the cells look; as they are when absent or null. */
  readonly format?: (row: Row) => Format | null;
  /** Columns with the highest number are left out first; those without one stay. */
  readonly expendable?: number;
  /** Least width in characters, for cells that will grow. */
  readonly minChars?: number;
}

const GAP = '  ';

/** The heading, then a line per row, each with a margin of GAP and at most `maxChars` wide if leaving out columns can do it. */
export function tableLines<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  maxChars: number,
  paint: Paint,
): string[] {
  const shown = fit(columns, rows, maxChars);
  const widths = shown.map((column) => widthOf(column, rows));
  const line = (texts: readonly string[], format: (column: Column<Row>) => Format | null) =>
    shown
      .map((column, index) => {
        const text = texts[index]!;
        const padded = column.align === 'left' ? text.padEnd(widths[index]!) : text.padStart(widths[index]!);
        const chosen = format(column);
        return GAP + (chosen === null ? padded : paint(chosen, padded));
      })
      .join('')
      .trimEnd();
  const heading = line(
    shown.map((column) => column.heading),
    () => 'dim',
  );
  return [
    heading,
    ...rows.map((row) =>
      line(
        shown.map((column) => column.cell(row)),
        (column) => column.format?.(row) ?? null,
      ),
    ),
  ];
}

/** Characters that the columns take in all, margin and gaps included. */
export function tableChars<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number {
  return columns.reduce((sum, column) => sum + GAP.length + widthOf(column, rows), 0);
}

function fit<Row>(columns: readonly Column<Row>[], rows: readonly Row[], maxChars: number): Column<Row>[] {
  const shown = [...columns];
  while (tableChars(shown, rows) > maxChars) {
    const most = Math.max(...shown.map(({ expendable = 0 }) => expendable));
    if (most === 0) break;
    shown.splice(
      shown.findIndex(({ expendable }) => expendable === most),
      1,
    );
  }
  return shown;
}

function widthOf<Row>({ heading, cell, minChars = 0 }: Column<Row>, rows: readonly Row[]): number {
  return Math.max(heading.length, minChars, ...rows.map((row) => cell(row).length));
}
