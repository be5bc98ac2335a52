import { equal, match, notEqual, ok } from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { guardOf, type Refusal, type RefusalCode } from '../../src/guard/guard.ts';
import { CLOSED_POLICY } from '../../src/guard/policy.ts';
import { METADATA } from '../../src/guard/special-addresses.ts';
import { chooser, quad, spellIPv4, spellIPv6 } from './spellings.ts';
import { URL_CASES } from './url-cases.ts';

const closed = guardOf(CLOSED_POLICY);
const RUNS = { numRuns: 3_000 };

/** Any IPv4 address as 32 bits, the special ones often. */
const ipv4 = fc.oneof(
  fc.nat(0xffffffff),
  fc
    .tuple(
      fc.constantFrom(0, 10, 127, 100, 169, 172, 192, 198, 203, 224, 240, 255),
      fc.constantFrom(0, 63, 64, 16, 31, 32, 168, 254, 18, 51, 127, 128, 255),
      fc.constantFrom(0, 2, 99, 100, 113, 169, 255),
      fc.constantFrom(0, 1, 254, 255),
    )
    .map(([a, b, c, d]) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0),
  fc.constantFrom(0xa9fea9fe, 0x646464c8, 0xa83f8110, 0xc00000c0),
);
const word = fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xffff), fc.nat(0xffff));
/** Any IPv6 address as its words: in special blocks, in public ones, with many zeros. */
const ipv6 = fc
  .tuple(
    fc.constantFrom(
      [],
      [0, 0, 0, 0, 0, 0xffff],
      [0x64, 0xff9b, 0, 0, 0, 0],
      [0x2001],
      [0x2001, 0],
      [0x2001, 0xdb8],
      [0x2002],
      [0x2606, 0x4700],
      [0x2a00, 0x1450],
      [0xfc00],
      [0xfd00, 0xec2],
      [0xfe80],
      [0xff02],
    ),
    fc.array(word, { minLength: 8, maxLength: 8 }),
  )
  .map(([head, tail]) => [...head, ...tail].slice(0, 8));
const seed = fc.nat(0x7fffffff);

function ofUrl(host: string): Refusal | null {
  const judged = closed.judgeUrl(`https://${host}/`);
  return judged.kind === 'refused' ? judged.refusal : null;
}

const codeOf = (address: string): RefusalCode | null =>
  closed.judgeAddress('hooks.example', address)?.code ?? null;

test('every spelling of an IPv4 address is judged as its dotted quad, and none but that is allowed', () => {
  fc.assert(
    fc.property(ipv4, seed, fc.constantFrom('', '.'), (bits, chance, dot) => {
      const spelled = spellIPv4(bits, chooser(chance)) + dot;
      const [expected, refusal] = [ofUrl(quad(bits)), ofUrl(spelled)];
      if (expected !== null) equal(refusal?.detail, expected.detail, spelled);
      else equal(refusal?.code ?? null, spelled === quad(bits) ? null : 'host-not-canonical', spelled);
    }),
    RUNS,
  );
});

test('every spelling of an IPv4 address in other digits, or percent-encoded, is refused', () => {
  fc.assert(
    fc.property(ipv4, seed, (bits, chance) => {
      const choose = chooser(chance);
      const spelled = [...spellIPv4(bits, choose)]
        .map((character, i) => {
          if (i > 0 && choose(3) > 0) return character;
          const code = character.charCodeAt(0);
          return choose(2) === 0 ? `%${code.toString(16)}` : String.fromCharCode(0xfee0 + code);
        })
        .join('');
      equal(ofUrl(spelled)?.code, ofUrl(quad(bits))?.code ?? 'host-confusable', spelled);
    }),
    RUNS,
  );
});

test('every spelling of an IPv6 address is judged the same, in a URL and as an answer of DNS', () => {
  fc.assert(
    fc.property(ipv6, seed, (words, chance) => {
      const plain = words.map((each) => each.toString(16)).join(':');
      const spelled = spellIPv6(words, chooser(chance));
      equal(ofUrl(`[${spelled}]`)?.detail, ofUrl(`[${plain}]`)?.detail, spelled);
      equal(ofUrl(`[${spelled}]`)?.code ?? null, codeOf(plain), spelled);
      equal(codeOf(spelled), codeOf(plain), spelled);
    }),
    RUNS,
  );
});

test('an IPv4 address inside an IPv6 one is refused, as metadata where it is that, and NAT64’s is judged as itself', () => {
  fc.assert(
    fc.property(ipv4, fc.nat(0xffff), (bits, other) => {
      const [high, low] = [bits >>> 16, bits & 0xffff];
      const inHex = (a: number, b: number) => `${a.toString(16)}:${b.toString(16)}`;
      const code = codeOf(quad(bits));
      const embeddings = [
        `::ffff:${quad(bits)}`,
        `::ffff:${inHex(high, low)}`,
        `::ffff:0:${inHex(high, low)}`,
        `64:ff9b:1:${other.toString(16)}::${inHex(high, low)}`,
        `2002:${inHex(high, low)}::${other.toString(16)}`,
        `2001:0:${inHex(other, other)}:0:${other.toString(16)}:${inHex(high ^ 0xffff, low ^ 0xffff)}`,
        // :: and ::1 are in this block, and say what they are.
        ...(bits > 1 ? [`::${quad(bits)}`] : []),
      ];
      for (const each of embeddings) equal(codeOf(each), code === 'metadata' ? code : 'address', each);
      equal(codeOf(`64:ff9b::${inHex(high, low)}`), code);
    }),
    RUNS,
  );
});

test('a network allows the addresses in it and nothing else, other than metadata services', () => {
  const address = fc.oneof(
    ipv4.map((bits) => ({ text: quad(bits), value: BigInt(bits), width: 32 })),
    ipv6.map((words) => ({
      text: words.map((each) => each.toString(16)).join(':'),
      value: words.reduce((value, each) => (value << 16n) | BigInt(each), 0n),
      width: 128,
    })),
  );
  fc.assert(
    fc.property(address, address, fc.nat(128), (one, other, most) => {
      const bits = Math.min(most, other.width);
      const net = `${other.text}/${bits}`;
      const [before, after] = [one, one].map(({ text }, i) => {
        const guard = i === 0 ? closed : guardOf({ ...CLOSED_POLICY, allowNets: [net] });
        return guard.judgeAddress('hooks.example', text)?.code ?? null;
      });
      // NAT64 and metadata have rules of their own, and tests.
      if (before === 'metadata' || one.text.startsWith('64:ff9b:0:0:0:0:')) return;
      const shift = BigInt(other.width - bits);
      const inside = one.width === other.width && one.value >> shift === other.value >> shift;
      equal(after, inside ? null : before, `${one.text} in ${net}`);
    }),
    RUNS,
  );
});

test('no network but that of one address opens a metadata service', () => {
  const services = METADATA.map(([net]) => net);
  fc.assert(
    fc.property(fc.constantFrom(...services), fc.nat(127), (net, most) => {
      const [address = '', single] = net.split('/');
      const bits = Math.min(most, Number(single) - 1);
      const guard = guardOf({ ...CLOSED_POLICY, allowNets: [`${address}/${bits}`] });
      equal(guard.judgeAddress('hooks.example', address)?.code, 'metadata', `${address}/${bits}`);
      equal(guardOf({ ...CLOSED_POLICY, allowNets: [net] }).judgeAddress('hooks.example', address), null);
    }),
  );
});

test('whatever the text, judging answers: a target that reads back the same, or one line', () => {
  const known = fc.constantFrom(...URL_CASES.map(({ url }) => url.slice(0, 300)));
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ unit: 'grapheme', maxLength: 40 }).map((rest) => `https://${rest}`),
    fc.webUrl({ validSchemes: ['http', 'https'], withFragments: true, withQueryParameters: true }),
    fc
      .tuple(known, fc.string({ unit: 'binary', maxLength: 3 }), fc.nat(300))
      .map(([url, insert, at]) => url.slice(0, at) + insert + url.slice(at)),
    fc.tuple(known, fc.nat(300), fc.nat(5)).map(([url, at, drop]) => url.slice(0, at) + url.slice(at + drop)),
  );
  const open = guardOf({
    allowHttp: true,
    allowNets: ['0.0.0.0/0', '::/0'],
    allowHosts: ['*.example'],
    allowPorts: [0],
  });
  fc.assert(
    fc.property(text, (url) => {
      for (const guard of [closed, open]) {
        const judged = guard.judgeUrl(url);
        if (judged.kind === 'refused') {
          match(judged.refusal.detail, /^[^\p{C}\u2028\u2029]{10,1000}$/u);
          continue;
        }
        const again = guard.judgeUrl(judged.origin + judged.path);
        ok(again.kind === 'target' && again.origin === judged.origin && again.path === judged.path, url);
        match(judged.host, judged.isAddress ? /^[0-9a-f.:]+$/ : /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/);
        ok(judged.port > 0 && judged.port < 65_536);
      }
      if (closed.judgeUrl(url).kind === 'target') notEqual(open.judgeUrl(url).kind, 'refused');
    }),
    { numRuns: 20_000 },
  );
});

test('whatever the text, it is judged as an address: refused where it is none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), (text) => {
      const refusal = closed.judgeAddress('hooks.example', text);
      if (refusal !== null) match(refusal.detail, /^.{10,}$/su);
      else match(text, /^[0-9a-f.:]+$/i);
    }),
    RUNS,
  );
});
