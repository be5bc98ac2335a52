import { equal, ok } from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import test from 'node:test';
import fc from 'fast-check';
import {
  compactJson,
  INVALID,
  isJsonText,
  scanValue,
  skipSpace,
  spacesSoFar,
} from '../../src/delivery/json-scan.ts';

/** Whether the platform's parser takes the bytes. */
function parses(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

/** JSON texts with white space of every kind between their tokens. */
const spacedJson = fc
  .tuple(fc.json(), fc.array(fc.constantFrom(' ', '\t', '\n', '\r', ''), { minLength: 1, maxLength: 7 }))
  .map(([text, spaces]) => {
    let at = 0;
    const space = () => spaces[at++ % spaces.length];
    return text.replaceAll(
      /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^[\]{},:"\s]+/g,
      (token) => `${space()}${token}${space()}`,
    );
  });

/** Bytes that a mutation puts in: those that mean something in JSON, and any other. */
const anyByte = fc.oneof(
  fc.constantFrom(...Buffer.from('{}[],:"\\/ \t\n\r0123456789+-.eEtrufalsn')),
  fc.integer({ min: 0, max: 255 }),
);

test('every JSON text is valid, whatever white space is in it', () => {
  fc.assert(fc.property(fc.oneof(fc.json(), spacedJson), (text) => isJsonText(Buffer.from(text))));
});

test('bytes of JSON changed, put in, or left out are judged as JSON.parse judges them', () => {
  const mutations = fc.array(fc.tuple(fc.nat(), anyByte, fc.constantFrom(0, 1, 2)), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(fc.oneof(fc.json(), spacedJson), mutations, (text, changes) => {
      const bytes = [...Buffer.from(text)];
      for (const [place, byte, kind] of changes)
        bytes.splice(place % (bytes.length + 1), kind === 0 ? 0 : 1, ...(kind === 2 ? [] : [byte]));
      const mutated = Buffer.from(bytes);
      // What is not UTF-8 is refused before it comes to the scanner.
      fc.pre(isUtf8(mutated));
      equal(isJsonText(mutated), parses(mutated), JSON.stringify(mutated.toString()));
    }),
    { numRuns: 5_000 },
  );
});

test('short texts over the alphabet of JSON are judged as JSON.parse judges them', () => {
  const short = fc.string({ unit: fc.constantFrom(...'{}[],:"\\u0dD.e+- \ntruefalsn1'), maxLength: 9 });
  fc.assert(
    fc.property(short, (text) => equal(isJsonText(Buffer.from(text)), parses(Buffer.from(text)), text)),
    { numRuns: 20_000 },
  );
});

const EDGES: readonly [text: string, valid: boolean][] = [
  ['', false],
  [' ', false],
  ['01', false],
  ['-', false],
  ['-0', true],
  ['1.', false],
  ['.5', false],
  ['1e', false],
  ['1E+05', true],
  ['NaN', false],
  ['Infinity', false],
  ['nul', false],
  ['nulll', false],
  ['"\\u12"', false],
  ['"\\u12G4"', false],
  ['"\\uD800"', true],
  ['"\\x41"', false],
  ['"\t"', false],
  ['"\u007f\u2028"', true],
  ['"a', false],
  ['"\\', false],
  ['[1,]', false],
  ['[,1]', false],
  ['{"a":1,}', false],
  ['{"a"}', false],
  ['{a:1}', false],
  ["{'a':1}", false],
  ['{"a":1 "b":2}', false],
  ['[1}', false],
  ['{"a":1]', false],
  ['[]]', false],
  ['1 2', false],
  ['\ufeff1', false],
  ['\u00a01', false],
  ['\v1', false],
  ['{"a":{"b":[{}]}}', true],
];

for (const [text, valid] of EDGES) {
  test(`${JSON.stringify(text)} is ${valid ? '' : 'not '}a JSON text`, () => {
    equal(isJsonText(Buffer.from(text)), valid);
    equal(parses(Buffer.from(text)), valid);
  });
}

test('a walk stops at the end it is given, though valid bytes follow', () => {
  const whole = '["\\u0041",{"key":true},-12.5e3]';
  const bytes = Buffer.from(whole);
  equal(scanValue(bytes, 0, bytes.length), bytes.length);
  for (let end = 0; end < bytes.length; end++) equal(scanValue(bytes, 0, end), INVALID, `cut at ${end}`);
  const followed = Buffer.from(`${whole},"more"]`);
  equal(scanValue(followed, 0, followed.length), bytes.length);
});

test('nesting is limited by the length of the document only', () => {
  const depth = 200_000;
  const nested = (close: string) => Buffer.from(`${'[{"a":'.repeat(depth)}1${close.repeat(depth)}`);
  ok(isJsonText(nested('}]')));
  ok(!isJsonText(nested(']}')));
});

/** The compact form of the value in a text, by the walk that validates it. */
function compact(text: string): string {
  const bytes = Buffer.from(text);
  const from = skipSpace(bytes, 0, bytes.length);
  const spacesBefore = spacesSoFar();
  const to = scanValue(bytes, from, bytes.length);
  return compactJson(bytes.subarray(from, to), spacesSoFar() - spacesBefore).toString();
}

/** The same by a regular expression over tokens. */
function compactByRule(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, (_, string: string | undefined) => string ?? '');
}

test('compacting takes out the white space between tokens, and nothing else', () => {
  fc.assert(fc.property(spacedJson, (text) => equal(compact(text), compactByRule(text))));
});

test('numbers keep every digit, and members their order and their repetition', () => {
  equal(
    compact(' [ 123456789012345678901234567890 , 1.10 , 1E400 , -0.0 ] '),
    '[123456789012345678901234567890,1.10,1E400,-0.0]',
  );
  equal(compact('{ "b" : 1, "a" : 2, "10" : 3, "2" : 4, "b" : 5 }'), '{"b":1,"a":2,"10":3,"2":4,"b":5}');
  equal(compact('{ "a b" : " \\" c \\\\" }'), '{"a b":" \\" c \\\\"}');
});
