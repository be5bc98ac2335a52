/** The machine's time since boot in milliseconds, with fractions: all its processes share it, and no change of the wall clock moves it. */
export function uptimeMs(): number {
  return Number(process.hrtime.bigint()) / 1_000_000;
}
