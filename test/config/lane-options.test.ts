import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readArguments } from '../../src/config/arguments.ts';
import { defaultOptions, OPTIONS, type OptionValues } from '../../src/config/options.ts';
import { programOptions } from '../../src/config/program-options.ts';
import { resolveOptions } from '../../src/config/resolve.ts';
import { formatRate, parseRate } from '../../src/config/values.ts';
import { CONFIG, configOf, read, settingsOf } from './destinations-testing.ts';

function resolve(flags: string[], env: Record<string, string> = {}): OptionValues {
  return resolveOptions(readArguments(flags, OPTIONS, 'worker'), env, 'worker');
}

/** The worker's options from a config file that holds these entries. */
function resolveFile(entries: object): OptionValues {
  writeFileSync(CONFIG, JSON.stringify(entries));
  return resolve(['--config', CONFIG]);
}

const SET = { ratePerSecond: 10, rateBurst: 30, maxInFlight: 7, breakerFailures: 0, coolOffMs: 1_500 };
const FILE = {
  ...{ 'rate-limit': '600/m', 'rate-burst': 30, 'max-in-flight': 7 },
  ...{ 'breaker-failures': 0, 'cool-off': '1500ms' },
};

test('there is no rate limit and no fixed window by default, and a breaker', () => {
  const { ratePerSecond, rateBurst, maxInFlight, breakerFailures, coolOffMs } = defaultOptions();
  deepEqual([ratePerSecond, rateBurst, maxInFlight], [null, null, null]);
  deepEqual([breakerFailures, coolOffMs], [5, 30_000]);
});

test('what lanes are held to is given by flags, in the environment, in the file, or by a program', () => {
  const expected = { ...defaultOptions(), ...SET };
  const flags = ['--rate-limit', '600/m', '--rate-burst=30', '--max-in-flight', '7'];
  deepEqual(resolve([...flags, '--breaker-failures', '0', '--cool-off', '1.5s']), expected);
  const env = {
    ...{ VOLLEY_RATE_LIMIT: '600/m', VOLLEY_RATE_BURST: '30', VOLLEY_MAX_IN_FLIGHT: '7' },
    ...{ VOLLEY_BREAKER_FAILURES: '0', VOLLEY_COOL_OFF: '1500ms' },
  };
  deepEqual(resolve([], env), expected);
  deepEqual({ ...resolveFile(FILE), config: null }, expected);
  deepEqual(programOptions(SET), expected);
});

test('a destination has its own, and what it does not say is not set', () => {
  const { ratePerSecond, rateBurst, maxInFlight, breakerFailures, coolOffMs } = settingsOf(FILE);
  deepEqual({ ratePerSecond, rateBurst, maxInFlight, breakerFailures, coolOffMs }, SET);
  equal(settingsOf({}).ratePerSecond, null);
  equal(settingsOf({ 'rate-burst': 30 }, { ratePerSecond: 10 }).rateBurst, 30, 'the rate is the worker’s');
});

test('a rate is a count per second, minute or hour', () => {
  const good: [text: string, perSecond: number, shown: string][] = [
    ['100/s', 100, '100/s'],
    ['600/m', 10, '10/s'],
    ['90/m', 1.5, '90/m'],
    ['5000/h', 5_000 / 3_600, '5000/h'],
    ['1/h', 1 / 3_600, '1/h'],
    ['0.5/s', 0.5, '30/m'],
    ['100000/s', 100_000, '100000/s'],
  ];
  for (const [text, perSecond, shown] of good) {
    equal(parseRate(text), perSecond, text);
    equal(formatRate(perSecond), shown);
  }
  equal(formatRate(Math.E), `${Math.E}/s`);
  for (const text of [
    '',
    '100',
    '/s',
    '100/',
    '100/d',
    '100 /s',
    '1e9/s',
    '-1/s',
    '1,5/s',
    '.5/s',
    '1/s/s',
    's',
  ])
    equal(parseRate(text), null, text);
});

test('a rate that is shown reads as itself', () => {
  const unit = fc.constantFrom('s', 'm', 'h');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), unit, (count, per) => {
      const perSecond = parseRate(`${count}/${per}`)!;
      const again = parseRate(formatRate(perSecond))!;
      ok(Math.abs(again - perSecond) <= 1e-12 * perSecond, `${count}/${per}: ${formatRate(perSecond)}`);
    }),
  );
});

const RATE = 'give a rate from 1/h to 100000/s, written like 100/s, 600/m or 5000/h';

/** What is wrong, the code, and the whole message. `FILE` stands for the config file's path. */
const BAD: [name: string, run: () => unknown, code: string, message: string][] = [
  ...['0/s', '1e9/s', '1000000/s', '1/d', '100', '-5/s', 'fast'].map(
    (text) =>
      [
        `a rate limit of ${text}`,
        () => resolve([`--rate-limit=${text}`]),
        'VOLLEY_USAGE',
        `--rate-limit is "${text}": ${RATE}`,
      ] as [string, () => unknown, string, string],
  ),
  [
    'a rate limit in the environment',
    () => resolve([], { VOLLEY_RATE_LIMIT: '0/s' }),
    'VOLLEY_CONFIG',
    `VOLLEY_RATE_LIMIT in the environment is "0/s": ${RATE}`,
  ],
  [
    'a rate limit that is a number in the file',
    () => resolveFile({ 'rate-limit': 100 }),
    'VOLLEY_CONFIG',
    `FILE:1:2: "rate-limit" is 100: ${RATE}, in double quotes`,
  ],
  [
    'a program’s rate limit of 0',
    () => programOptions({ ratePerSecond: 0 }),
    'VOLLEY_CONFIG',
    `ratePerSecond is 0: ${RATE}`,
  ],
  [
    'a negative burst',
    () => resolve(['--rate-limit', '1/s', '--rate-burst=-1']),
    'VOLLEY_USAGE',
    '--rate-burst is "-1": give a whole number from 1 to 1000000 events',
  ],
  [
    'a burst without a rate limit',
    () => resolve(['--rate-burst', '10']),
    'VOLLEY_USAGE',
    '--rate-burst 10 is there without --rate-limit: give both, or neither',
  ],
  [
    'a burst without a rate limit in the environment',
    () => resolve([], { VOLLEY_RATE_BURST: '10' }),
    'VOLLEY_CONFIG',
    'VOLLEY_RATE_BURST 10 is there without --rate-limit: give both, or neither',
  ],
  [
    'a burst without a rate limit in the file',
    () => resolveFile({ 'rate-burst': 10 }),
    'VOLLEY_CONFIG',
    'FILE:1:2: "rate-burst" 10 is there without --rate-limit: give both, or neither',
  ],
  [
    'a program’s burst without a rate limit',
    () => programOptions({ rateBurst: 10 }),
    'VOLLEY_CONFIG',
    'rateBurst (10) is there without ratePerSecond: give both, or neither',
  ],
  [
    'a destination’s burst without a rate limit',
    () => read(configOf('"rate-burst": 10')),
    'VOLLEY_CONFIG',
    'FILE:2:18: "rate-burst" is there without "rate-limit": give both, or neither',
  ],
  [
    'a destination’s rate limit of 0',
    () => read(configOf('"rate-limit": "0/m"')),
    'VOLLEY_CONFIG',
    `FILE:2:18: "rate-limit" is "0/m": ${RATE}`,
  ],
  [
    'a window of nothing',
    () => resolve(['--max-in-flight', '0']),
    'VOLLEY_USAGE',
    '--max-in-flight is "0": give a whole number from 1 to 100000 attempts',
  ],
  [
    'a breaker that opens at half a failure',
    () => read(configOf('"breaker-failures": 0.5')),
    'VOLLEY_CONFIG',
    'FILE:2:18: "breaker-failures" is 0.5: give a whole number from 0 to 1000 failures in a row',
  ],
  [
    'a cool-off that is over at once',
    () => resolve(['--cool-off', '9ms']),
    'VOLLEY_USAGE',
    '--cool-off is "9ms": give a time from 10ms to 1h, written like 250ms, 8s, 5m or 1h',
  ],
  [
    'a setting that was mistyped',
    () => read(configOf('"rate_limit": "5/s"')),
    'VOLLEY_CONFIG',
    'FILE:2:18: "rate_limit" is not a setting of a destination: did you mean rate-limit?',
  ],
];

for (const [name, run, code, message] of BAD)
  test(`one line says what to do about ${name}`, () => {
    throws(run, { code, message: message.replace('FILE', CONFIG) });
  });
