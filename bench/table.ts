/** Aligned columns for people. */

/** The first column to the left, the others to the right. `emphasise` gets the heading's line. */
export function table(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  emphasise: (line: string) => string,
): string {
  const widths = heading.map((_, column) =>
    Math.max(...[heading, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [emphasise(line(heading)), ...rows.map(line)].join('\n');
}

/** Bold where the terminal shows it and the user has not said NO_COLOR. */
export function bold(stream: { isTTY?: boolean }): (line: string) => string {
  const plain = stream.isTTY !== true || (process.env['NO_COLOR'] ?? '') !== '';
  return (line) => (plain ? line : `\u001b[1m${line}\u001b[22m`);
}
