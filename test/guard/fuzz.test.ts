/**
 * A million addresses and URLs, the same ones each time, judged by the guard and by ipaddr.js, which has tables and a
 * parser of its own. Where the two differ on purpose, a table says why.
 */
import { equal, ok } from 'node:assert/strict';
import test from 'node:test';
import ipaddr from 'ipaddr.js';
import { guardOf } from '../../src/guard/guard.ts';
import { CLOSED_POLICY } from '../../src/guard/policy.ts';
import {
  BEYOND_REGISTRIES,
  IPV4_REGISTRY,
  IPV6_REGISTRY,
  METADATA,
} from '../../src/guard/special-addresses.ts';
import { type Choose, chooser, quad, spellIPv4, spellIPv6 } from './spellings.ts';

const SEED = 20_261_125;
const TIMEOUT = { timeout: 240_000 };
const closed = guardOf(CLOSED_POLICY);

/** Where the guard refuses what the library calls unicast, on purpose. */
const STRICTER: readonly [net: string, why: string][] = [
  ['168.63.129.16/32', 'Azure answers there with credentials; public by its number, so no registry has it'],
  [
    '::/96',
    'IPv4-compatible addresses are deprecated (RFC 4291 §2.5.5.1), and the library knows :: and ::1 alone',
  ],
  [
    '::/3',
    'the library names special blocks; nothing here is global unicast, named or not (100:0:0:1::/64 is new)',
  ],
  ['4000::/2', 'not global unicast: nobody has been given addresses outside 2000::/3'],
  ['8000::/1', 'the same'],
];
/** Where the guard looks behind what the library names: 64:ff9b::/96 stands for the IPv4 Internet (RFC 6052). */
const LOOKED_THROUGH = '64:ff9b::/96';

type Parsed = ipaddr.IPv4 | ipaddr.IPv6;

const stricter = STRICTER.map(([net]) => ipaddr.parseCIDR(net));
const lookedThrough = ipaddr.parseCIDR(LOOKED_THROUGH);

const isIn = (address: Parsed, [network, bits]: [Parsed, number]) =>
  address.kind() === network.kind() && (address as ipaddr.IPv4).match(network as ipaddr.IPv4, bits);

/** Whether an address is public, as the library has it, but for the differences above. */
function isPublic(address: Parsed): boolean {
  if (isIn(address, lookedThrough)) return isPublic(ipaddr.fromByteArray(address.toByteArray().slice(12)));
  return address.range() === 'unicast' && !stricter.some((net) => isIn(address, net));
}

/** Networks that addresses are taken from, as random ones would miss the small blocks. */
const BLOCKS = [...IPV4_REGISTRY, ...IPV6_REGISTRY, ...BEYOND_REGISTRIES, ...METADATA].map(([net]) => {
  const [address, bits] = ipaddr.parseCIDR(net);
  return { bytes: address.toByteArray(), bits };
});

/** Bytes of an address: in a special block, at one of its ends, next to it, or anywhere. */
function bytesBy(choose: Choose): number[] {
  const { bytes, bits } = BLOCKS[choose(BLOCKS.length)]!;
  const fill = choose(4);
  const chosen = bytes.map((byte, i) => {
    const hostBits = 0xff >> Math.max(0, Math.min(8, bits - 8 * i));
    const host = fill === 0 ? 0 : fill === 1 ? hostBits : choose(256) & hostBits;
    return byte | host;
  });
  const kind = choose(4);
  // One bit of the network turned: next to the block, or far from it.
  if (kind === 0 && bits > 0) {
    const bit = choose(bits);
    chosen[bit >> 3]! ^= 0x80 >> (bit & 7);
  }
  if (kind === 1) for (let i = 0; i < chosen.length; i++) chosen[i] = choose(256);
  // Most of all addresses are outside 2000::/3, where there is nothing to tell apart.
  if (kind === 1 && chosen.length === 16 && choose(4) > 0) chosen[0] = 0x20 | (chosen[0]! & 0x1f);
  return chosen;
}

const bitsOf = ([a, b, c, d]: readonly number[]) => ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0;
const wordsOf = (bytes: readonly number[]) =>
  Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!);

test('400 000 addresses are judged as by the independent classifier', TIMEOUT, () => {
  const choose = chooser(SEED);
  let allowed = 0;
  for (let i = 0; i < 400_000; i++) {
    const bytes = bytesBy(choose);
    const text = bytes.length === 4 ? quad(bitsOf(bytes)) : spellIPv6(wordsOf(bytes), choose);
    const expected = isPublic(ipaddr.fromByteArray(bytes));
    if ((closed.judgeAddress('hooks.example', text) === null) !== expected)
      equal(
        closed.judgeAddress('hooks.example', text)?.detail ?? 'allowed',
        expected ? 'allowed' : 'refused',
        text,
      );
    if (expected) allowed++;
  }
  // Both answers are met often.
  ok(allowed > 50_000 && allowed < 350_000, String(allowed));
});

/** Around a host: what must change nothing. */
const AROUND: readonly [before: string, after: string][] = [
  ['https://', '/'],
  ['https://', ''],
  ['HTTPS://', ':443/a?b#c'],
  ['https://', ':/'],
  ['https://', '?@1.1.1.1'],
  ['https://', '#@1.1.1.1'],
  ['https://', '/..//@10.0.0.1:80/'],
];

test(
  '400 000 URLs with an IP address in some spelling are judged as by the independent parser and classifier',
  TIMEOUT,
  () => {
    const choose = chooser(SEED + 1);
    const seen = { allowed: 0, spelled: 0, refused: 0 };
    for (let i = 0; i < 400_000; i++) {
      const bytes = bytesBy(choose);
      const host = bytes.length === 4 ? spellIPv4(bitsOf(bytes), choose) : spellIPv6(wordsOf(bytes), choose);
      const [before, after] = AROUND[choose(AROUND.length)]!;
      const url = bytes.length === 4 ? `${before}${host}${after}` : `${before}[${host}]${after}`;
      // Read by the library from the text, not from the bytes it was made of.
      const parsed = ipaddr.parse(host);
      const judged = closed.judgeUrl(url);
      const code = judged.kind === 'refused' ? judged.refusal.code : null;
      if (!isPublic(parsed)) {
        if (code !== 'address' && code !== 'metadata') equal(code, 'address', url);
        seen.refused++;
      } else if (parsed.kind() === 'ipv4' && host !== parsed.toString()) {
        if (code !== 'host-not-canonical') equal(code, 'host-not-canonical', url);
        seen.spelled++;
      } else {
        if (code !== null) equal(code, null, url);
        seen.allowed++;
      }
    }
    for (const count of Object.values(seen)) ok(count > 10_000, JSON.stringify(seen));
  },
);

const PIECES = [
  ...'https://|http://|HTTPS:|//|/|:|@|\\|#|?|.|..|%|[|]|[::1]|[::ffff:|::|:443|:80|:0|@10.0.0.1|127.0.0.1|10.0.0.1|1.1.1.1'.split(
    '|',
  ),
  ...'example.com|example|localhost|internal|0x7f|0177|1|0|255|256|%2e|%40|%00|%5c|xn--|-|_|a|é|。|１|\t|\n|\0|\u200b|\ud800|\u202e'.split(
    '|',
  ),
];
/** The host of what was allowed, read in the simplest way. */
const PLAIN_HOST = /^https:\/\/(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::0*443|:)?(?:[/?#]|$)/i;

test(
  '200 000 texts made of what URLs are made of: nothing throws, and what is allowed is plain to read and public',
  TIMEOUT,
  () => {
    const choose = chooser(SEED + 2);
    let allowed = 0;
    for (let i = 0; i < 200_000; i++) {
      let url = choose(4) === 0 ? '' : 'https://';
      for (let pieces = 1 + choose(8); pieces > 0; pieces--) url += PIECES[choose(PIECES.length)]!;
      const judged = closed.judgeUrl(url);
      if (judged.kind === 'refused') continue;
      allowed++;
      const host = PLAIN_HOST.exec(url)?.[1]?.toLowerCase() ?? '';
      const bare = host.replace(/^\[|\]$/g, '');
      ok(host !== '' && (judged.host === bare || judged.host.includes(':')), url);
      const isAddress = ipaddr.isValid(bare);
      equal(judged.isAddress, isAddress, url);
      if (isAddress) ok(isPublic(ipaddr.parse(bare)), url);
      else ok(bare.includes('.') && !/(?:^|\.)(?:localhost|internal)$/.test(bare), url);
    }
    ok(allowed > 2_000, String(allowed));
  },
);
