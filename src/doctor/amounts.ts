/** Amounts as evidence shows them. */

/** `7.8 GiB`, `412 MiB`. */
export function bytesShown(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** A share of 1 in percent: `83 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** `0.3 ms`, `120 ms`. */
export function msShown(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
