/** A number as reports show it. */

const FIGURE = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 });

/** To four digits: 40542 is `40,540`, 0.6234567 is `0.6235`. */
export function figureText(value: number): string {
  return FIGURE.format(value);
}
