/** IP addresses in every spelling that some reader takes, chosen at random. */

/** A whole number from 0 up to, not including, `below`. */
export type Choose = (below: number) => number;

/** Chooses by a seed, the same each time (mulberry32). */
export function chooser(seed: number): Choose {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** An IPv4 address, given as 32 bits, as a dotted quad. */
export function quad(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.');
}

/** An IPv4 address as inet_aton(3) and URLs read it: one to four parts, each decimal, octal or hexadecimal, with zeros in front. */
export function spellIPv4(bits: number, choose: Choose): string {
  const count = 1 + choose(4);
  const parts: number[] = [];
  for (let i = 0; i < count - 1; i++) parts.push((bits >>> (24 - 8 * i)) & 0xff);
  const restBits = 8 * (5 - count);
  parts.push(restBits === 32 ? bits >>> 0 : bits & (2 ** restBits - 1));
  return parts.map((part) => spellNumber(part, choose)).join('.');
}

function spellNumber(value: number, choose: Choose): string {
  const zeros = '0'.repeat(choose(3) === 0 ? choose(12) : 0);
  switch (choose(4)) {
    case 0:
      return `0${zeros}${value.toString(8)}`;
    case 1:
      return `0x${zeros}${value.toString(16)}`;
    case 2:
      return `0X${zeros}${value.toString(16).toUpperCase()}`;
    default:
      return String(value);
  }
}

/** An IPv6 address, given as its eight words, in any spelling of RFC 4291 §2.2. */
export function spellIPv6(words: readonly number[], choose: Choose): string {
  const groups: (string | null)[] = words.map((word) => {
    const digits = word.toString(16).padStart(choose(2) === 0 ? 4 : 0, '0');
    return choose(2) === 0 ? digits.toUpperCase() : digits;
  });
  if (choose(3) === 0) groups.splice(6, 2, quad(((words[6]! << 16) | words[7]!) >>> 0));
  // One run of zero words, of any length and place, may be left out.
  const zeroAt = groups.flatMap((group, i) => (group !== null && /^0+$/.test(group) ? [i] : []));
  if (zeroAt.length === 0 || choose(4) === 0) return groups.join(':');
  const from = zeroAt[choose(zeroAt.length)]!;
  let to = from + 1;
  while (to < groups.length && /^0+$/.test(groups[to]!) && choose(4) > 0) to++;
  return `${groups.slice(0, from).join(':')}::${groups.slice(to).join(':')}`;
}
