/** Whether a version (`6.1.0-18-amd64`, `3.0.13+quic`) is at least this one. */
export function isAtLeast(version: string, oldest: readonly number[]): boolean {
  const numbers = version.split(/[^\d]+/).map(Number);
  const differing = oldest.findIndex((number, i) => (numbers[i] ?? 0) !== number);
  return differing === -1 || (numbers[differing] ?? 0) > oldest[differing]!;
}
