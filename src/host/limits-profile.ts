/** Limits of users in the format of limits.conf(5), read as data. Pure. */

/** The items that a profile has. */
const ITEMS = ['nofile', 'nproc'] as const;

export type LimitItem = (typeof ITEMS)[number];

export interface UserLimit {
  /** A user, or `*`. */
  readonly user: string;
  /** `soft` or `hard`. */
  readonly type: string;
  readonly item: LimitItem;
  /** Infinite for `unlimited`. */
  readonly value: number;
}

/** The limits of a file on open files and processes; a `-` for the type stands for both. */
export function parseLimits(text: string): UserLimit[] {
  return text.split('\n').flatMap((line) => {
    const [user, type, item, value] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!isItem(item) || user === undefined || value === undefined) return [];
    const number = /^(?:unlimited|infinity|-1)$/.test(value) ? Number.POSITIVE_INFINITY : Number(value);
    return (type === '-' ? ['soft', 'hard'] : [type!]).map((each) => ({
      user,
      type: each,
      item,
      value: number,
    }));
  });
}

function isItem(text: string | undefined): text is LimitItem {
  return ITEMS.some((item) => item === text);
}

/** What limits allow a user: the last line that names it, or else the last for everyone; null where there is none. */
export function limitOf(
  limits: readonly UserLimit[],
  { user, type, item }: Pick<UserLimit, 'user' | 'type' | 'item'>,
): number | null {
  const fits = (name: string) =>
    limits.findLast((limit) => limit.user === name && limit.type === type && limit.item === item);
  return (fits(user) ?? fits('*'))?.value ?? null;
}

/** A limit as it is written. */
export function limitText(value: number): string {
  return value === Number.POSITIVE_INFINITY ? 'unlimited' : String(value);
}

/** What a limit is called: `nofile soft of www-data`. */
export function limitName({ user, type, item }: Pick<UserLimit, 'user' | 'type' | 'item'>): string {
  return `${item} ${type} of ${user}`;
}
