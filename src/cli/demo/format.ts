/** Numbers as people read them, and pictures of them in text. */

/** 12345 is `12,345`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** `7 ms`, `1.24 s`; latencies here are whole milliseconds. */
export function formatLatency(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

/** `0.4 s`, `12 s`. */
export function formatSeconds(ms: number): string {
  const seconds = ms / 1_000;
  return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
}

export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

const HEIGHTS = '▁▂▃▄▅▆▇█';

/** The last `width` values as bars, the highest of all values as the full height; blank where there is nothing. */
export function sparkline(values: readonly number[], width: number): string {
  const most = Math.max(1, ...values);
  const bar = (value: number) =>
    value === 0 ? ' ' : HEIGHTS[Math.ceil((value / most) * HEIGHTS.length) - 1]!;
  return values.slice(-width).map(bar).join('').padEnd(width);
}

/** How many of `width` cells each part of `whole` fills; together they fill all of them when the parts make up the whole. */
export function barCells(parts: readonly number[], whole: number, width: number): number[] {
  let sum = 0;
  let filled = 0;
  return parts.map((part) => {
    sum += Math.max(0, part);
    const until = Math.floor((Math.min(sum, whole) / whole) * width);
    const cells = until - filled;
    filled = until;
    return cells;
  });
}
