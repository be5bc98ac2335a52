import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type FileObject, type FileValue, parseConfig } from '../../src/config/file.ts';
import { VolleyError } from '../../src/errors.ts';

const parse = (text: string) => parseConfig(text, 'FILE');

/** The tree as JSON.parse would make it. */
function plain(value: FileValue): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...(value as FileObject)].map(([key, entry]) => [key, plain(entry.value)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

test('comments are passed over, and places count them', () => {
  const entries = parse('// first\n{ /* a\n b */ "queue": "q", // x\r\n\t"once": true\n}\n// last');
  deepEqual(plain(entries), { queue: 'q', once: true });
  deepEqual(
    [...entries.values()].map(({ place }) => place),
    ['FILE:3:7', 'FILE:4:2'],
  );
});

test('what stands in an entry has a place of its own', () => {
  const outer = parse('{"a": {\n  "b": {"c": 1}}}').get('a')!.value as FileObject;
  const inner = outer.get('b')!.value as FileObject;
  deepEqual([outer.get('b')!.place, inner.get('c')!.place], ['FILE:2:3', 'FILE:2:9']);
});

test('a byte order mark and other lines ends do no harm', () => {
  equal(parse('\ufeff{"a": 1}').get('a')!.place, 'FILE:1:2');
  equal(parse('{\r\n"a": 1,\r"b": 2}').get('b')!.place, 'FILE:3:1');
});

/** A text, and where its first mistake is and what is awaited there. */
const MISTAKES: [text: string, message: string][] = [
  ['', '1:1: expected {, as the file is one JSON object'],
  ['// {}\n', '2:1: expected {, as the file is one JSON object'],
  ['[]', '1:1: expected {, as the file is one JSON object'],
  ['"once"', '1:1: expected {, as the file is one JSON object'],
  ['once', '1:1: expected {, as the file is one JSON object'],
  ['{\n  "once": true,\n}', '3:1: expected a key in double quotes (no comma goes after the last entry)'],
  ['{"a": true, // "b": 1\n}', '2:1: expected a key in double quotes (no comma goes after the last entry)'],
  ['{,"a": 1}', '1:2: expected a key in double quotes (no comma goes after the last entry)'],
  ['{"a": 1,, "b": 2}', '1:9: expected a key in double quotes (no comma goes after the last entry)'],
  ["{'a': 1}", '1:2: expected a key in double quotes (no comma goes after the last entry)'],
  ['{a: 1}', '1:2: expected a key in double quotes (no comma goes after the last entry)'],
  ['{', '1:2: expected a key in double quotes (no comma goes after the last entry)'],
  ['{"once" true}', '1:9: expected a colon after the key'],
  ['{"once"', '1:8: expected a colon after the key'],
  ['{"a" x: 1}', '1:6: expected a colon after the key'],
  [
    '{\n\t"once": yes\n}',
    '2:10: expected a value: true, false, a number, text in double quotes, an array or an object',
  ],
  ['{"a": }', '1:7: expected a value: true, false, a number, text in double quotes, an array or an object'],
  [
    '{"a": ,"b": 1}',
    '1:7: expected a value: true, false, a number, text in double quotes, an array or an object',
  ],
  [
    '{"a": [1,]}',
    '1:10: expected a value: true, false, a number, text in double quotes, an array or an object',
  ],
  ['{"a": -}', '1:7: expected a value: true, false, a number, text in double quotes, an array or an object'],
  ['{"a": +1}', '1:7: expected a value: true, false, a number, text in double quotes, an array or an object'],
  ['{"once": true "queue": "q"}', '1:15: expected a comma or the closing }'],
  ['{"once": true', '1:14: expected a comma or the closing }'],
  ['{"a": 01}', '1:8: expected a comma or the closing }'],
  ['{"a": [1 2]}', '1:10: expected a comma or the closing ]'],
  ['{"a": [1}', '1:9: expected a comma or the closing ]'],
  ['{"once": true}\n{}', '2:1: expected the end of the file'],
  ['{"a": {}}}', '1:10: expected the end of the file'],
  ['{"a": "x\n"}', '1:7: expected a double quote at the end of this text, on the same line'],
  ['{"a": "\\x"}', '1:7: expected one of " \\ / b f n r t u after each backslash of this text'],
  ['{"a": "\\u12g4"}', '1:7: expected four hexadecimal digits after each \\u of this text'],
  ['{"a": "\t"}', '1:7: expected this text without control characters (a tab is written \\t)'],
  ['{"a": 1.}', '1:7: expected a digit at the end of this number'],
  ['{"a": 1 /* b }', '1:9: expected */ at the end of this comment'],
  ['{"queue": "a",\n"queue": "b"}', '2:1: "queue" is there twice: keep one'],
  ['{"a": {"b": 1,\n "c": 2, "\\u0062": 3}}', '2:10: "b" is there twice: keep one'],
  ['{"a": [{"__proto__": 1, "__proto__": 1}]}', '1:25: "__proto__" is there twice: keep one'],
  [`{"a": ${'['.repeat(100_000)}`, '1:22: expected no more than 16 objects and arrays in each other'],
];

test('the first mistake is told with its line and column, and what is awaited there', () => {
  for (const [text, message] of MISTAKES)
    throws(() => parse(text), { code: 'VOLLEY_CONFIG', message: `FILE:${message}` }, text.slice(0, 50));
});

test('what JSON.parse takes reads the same, and any other text fails with a place', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '\\',
    '/*',
    '*/',
    '//',
    '\n',
    '-',
    '1e',
    'null',
    '\ud800',
  ];
  const broken = fc
    .array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 12 })
    .map((parts) => parts.join(''));
  const value = fc.oneof(fc.json({ depthSize: 'small' }), broken);
  fc.assert(
    fc.property(
      fc.oneof(
        broken,
        value.map((text) => `{"a":${text}}`),
      ),
      (text) => {
        let entries: FileObject;
        try {
          entries = parse(text);
        } catch (error) {
          ok(error instanceof VolleyError && /^FILE:\d+:\d+: [^\n]+$/.test(error.message), String(error));
          return;
        }
        // Comments are what JSON.parse does not take.
        if (!/\/[/*]/.test(text)) deepEqual(plain(entries), JSON.parse(text));
      },
    ),
    { numRuns: 3_000 },
  );
});
