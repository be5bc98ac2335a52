/** IP addresses and networks as numbers. */
import { isIP } from 'node:net';

/** Its 16-bit words, most significant first: two for IPv4, eight for IPv6. */
export type Address = readonly number[];

export interface Network {
  readonly words: Address;
  /** Leading bits that an address of the network has in common with `words`. */
  readonly bits: number;
}

/**
 * An IPv4 address as a dotted quad, or an IPv6 address in any spelling of RFC 4291; null for anything else, other
 * spellings of IPv4 and IPv6 with a zone (RFC 4007, which means something on one machine alone) included.
 */
export function parseAddress(text: string): Address | null {
  switch (isIP(text)) {
    case 4:
      return wordsOfQuad(text);
    case 6:
      return text.includes('%') ? null : wordsOfIPv6(text);
    default:
      return null;
  }
}

function wordsOfQuad(text: string): number[] {
  const [a, b, c, d] = text.split('.').map(Number);
  return [(a! << 8) | b!, (c! << 8) | d!];
}

function wordsOfIPv6(text: string): number[] {
  const [head = '', tail] = text.split('::');
  const first = wordsOfGroups(head);
  if (tail === undefined) return first;
  const last = wordsOfGroups(tail);
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last];
}

function wordsOfGroups(text: string): number[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) => (group.includes('.') ? wordsOfQuad(group) : Number.parseInt(group, 16)));
}

/** An IPv4 address as a dotted quad. */
export function formatIPv4([high = 0, low = 0]: Address): string {
  return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
}

/** A network written `ADDRESS/BITS` (RFC 4632, RFC 4291), bits of the host ignored; null for anything else. */
export function parseNetwork(text: string): Network | null {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const words = parseAddress(address);
  const bits = Number(prefix);
  return words !== null && bits <= bitsOf(words) ? { words, bits } : null;
}

/** Whether the address is in the network: never where one is IPv4 and the other IPv6, embedded or not. */
export function contains({ words, bits }: Network, address: Address): boolean {
  if (words.length !== address.length) return false;
  for (let i = 0, left = bits; left > 0; i++, left -= 16) {
    const shift = left < 16 ? 16 - left : 0;
    if (words[i]! >> shift !== address[i]! >> shift) return false;
  }
  return true;
}

/** Whether the network is a single address. */
export function isSingle({ words, bits }: Network): boolean {
  return bits === bitsOf(words);
}

export function isSameAddress(one: Address, other: Address): boolean {
  return one.length === other.length && one.every((word, i) => word === other[i]);
}

/** The bits of an address of its family: 32 or 128. */
export function bitsOf(words: Address): number {
  return words.length * 16;
}
