/** Numbers as a plan writes them. */

/** The least power of two that is not less. */
export function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

/** The least multiple of a step that is not less. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** To three digits: what a model's figure is worth. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}
