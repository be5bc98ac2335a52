/** Limits on open files in the format of limits.conf(5), read as data. Pure. */

export interface FileLimit {
  /** A user, or `*`. */
  readonly user: string;
  /** `soft` or `hard`. */
  readonly type: string;
  /** Open files; infinite for `unlimited`. */
  readonly files: number;
}

/** The `nofile` limits of a file; a `-` for the type stands for both. */
export function parseFileLimits(text: string): FileLimit[] {
  return text.split('\n').flatMap((line) => {
    const [user, type, item, value] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (item !== 'nofile' || user === undefined || value === undefined) return [];
    const files = /^(?:unlimited|infinity|-1)$/.test(value) ? Number.POSITIVE_INFINITY : Number(value);
    return (type === '-' ? ['soft', 'hard'] : [type!]).map((each) => ({ user, type: each, files }));
  });
}

/** What limits allow a user: the last line that names it, or else the last for everyone; null where there is none. */
export function limitOf(limits: readonly FileLimit[], user: string, type: string): number | null {
  const fits = (name: string) => limits.findLast((limit) => limit.user === name && limit.type === type);
  return (fits(user) ?? fits('*'))?.files ?? null;
}
