/** Sortable ids in the form of a ULID (https://github.com/ulid/spec): 48 bits of time, then 80 random ones, 26 characters. */

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_CHARS = 10;
const RANDOM_CHARS = 16;
/** Five random bits per character. */
const RADIX = 32;

/**
 * A function that mints ids, each above the one before, also within a millisecond.
 * `nowMs` is wall time; `randomBytes(n)` gives n random bytes.
 */
export function idMint(nowMs: () => number, randomBytes: (count: number) => Uint8Array): () => string {
  let lastMs = -1;
  let time = '';
  const digits = new Uint8Array(RANDOM_CHARS);
  return () => {
    const ms = Math.max(nowMs(), lastMs);
    if (ms !== lastMs) {
      lastMs = ms;
      time = encodeTime(ms);
      const random = randomBytes(RANDOM_CHARS);
      for (let i = 0; i < RANDOM_CHARS; i++) digits[i] = random[i]! % RADIX;
      // Room to count up in without a carry out of the random part.
      digits[0]! &= RADIX / 2 - 1;
    } else {
      increment(digits);
    }
    let id = time;
    for (let i = 0; i < RANDOM_CHARS; i++) id += CROCKFORD[digits[i]!];
    return id;
  };
}

function increment(digits: Uint8Array): void {
  for (let i = digits.length - 1; i >= 0; i--) {
    if (digits[i]! < RADIX - 1) {
      digits[i]!++;
      return;
    }
    digits[i] = 0;
  }
}

function encodeTime(ms: number): string {
  let text = '';
  for (let i = 0, rest = ms; i < TIME_CHARS; i++, rest = Math.floor(rest / RADIX))
    text = CROCKFORD[rest % RADIX] + text;
  return text;
}

/** Epoch milliseconds at which an id of this form was minted, whatever its prefix; null for any other id. */
export function mintedAtMs(id: string): number | null {
  const ulid = /([0-7][0-9A-HJKMNP-TV-Z]{9})[0-9A-HJKMNP-TV-Z]{16}$/.exec(id);
  if (ulid === null) return null;
  let ms = 0;
  for (const char of ulid[1]!) ms = ms * RADIX + CROCKFORD.indexOf(char);
  return ms;
}
