import { deepEqual, equal, throws } from 'node:assert/strict';
import test from 'node:test';
import { readArguments } from '../../src/config/arguments.ts';
import { OPTIONS, type OptionValues } from '../../src/config/options.ts';
import { programOptions } from '../../src/config/program-options.ts';
import { resolveOptions } from '../../src/config/resolve.ts';
import { formatBandwidth, parseBandwidth, valueFromJson } from '../../src/config/values.ts';

function resolve(flags: string[], env: Record<string, string> = {}): OptionValues {
  return resolveOptions(readArguments(flags, OPTIONS, 'worker'), env, 'worker');
}

const fail = (expected: string): never => {
  throw new Error(expected);
};

test('a bandwidth is so many bits or bytes a second, in decimal units', () => {
  const good: [text: string, bytesPerSecond: number, shown: string][] = [
    ['8gbit', 1_000_000_000, '8gbit'],
    ['2.5gbit', 312_500_000, '2500mbit'],
    ['500mbit', 62_500_000, '500mbit'],
    ['100mbyte', 100_000_000, '800mbit'],
    ['0.5gbyte', 500_000_000, '4gbit'],
    ['100kbit', 12_500, '100kbit'],
    ['12345kbyte', 12_345_000, '98760kbit'],
  ];
  for (const [text, bytesPerSecond, shown] of good) {
    equal(parseBandwidth(text), bytesPerSecond, text);
    equal(formatBandwidth(bytesPerSecond), shown);
    equal(parseBandwidth(shown), bytesPerSecond, 'what is shown can be given');
  }
  for (const text of ['8', '8g', '8Gbit', '8gbps', '8 gbit', '-1gbit', 'gbit', '1e3mbit', '8gbit/s', ''])
    equal(parseBandwidth(text), null, text);
});

test('what a worker sends is capped by flag, environment or program, and not by default', () => {
  equal(resolve([]).maxEgressBytesPerSecond, null);
  equal(resolve(['--max-egress', '8gbit']).maxEgressBytesPerSecond, 1_000_000_000);
  equal(resolve([], { VOLLEY_MAX_EGRESS: '500mbit' }).maxEgressBytesPerSecond, 62_500_000);
  equal(programOptions({ maxEgressBytesPerSecond: 1e6 }).maxEgressBytesPerSecond, 1e6);
  const right =
    'give a bandwidth from 100kbit to 800gbit, written like 8gbit, 500mbit or 100mbyte (a second)';
  throws(() => resolve(['--max-egress', '8g']), {
    code: 'VOLLEY_USAGE',
    message: `--max-egress is "8g": ${right}`,
  });
  throws(() => resolve([], { VOLLEY_MAX_EGRESS: '1kbit' }), {
    code: 'VOLLEY_CONFIG',
    message: `VOLLEY_MAX_EGRESS in the environment is "1kbit": ${right}`,
  });
  throws(() => programOptions({ maxEgressBytesPerSecond: 1 }), { code: 'VOLLEY_CONFIG' });
});

test('the slots are a number, or found out', () => {
  equal(resolve([]).concurrency, 20);
  equal(resolve(['--concurrency', 'auto']).concurrency, 'auto');
  equal(resolve([], { VOLLEY_CONCURRENCY: 'auto' }).concurrency, 'auto');
  equal(programOptions({ concurrency: 'auto' }).concurrency, 'auto');
  deepEqual(
    [valueFromJson(OPTIONS.concurrency, 'auto', fail), valueFromJson(OPTIONS.concurrency, 30, fail)],
    ['auto', 30],
  );
  throws(() => resolve(['--concurrency', 'many']), {
    code: 'VOLLEY_USAGE',
    message: '--concurrency is "many": give a whole number from 1 to 5000 slots per core, or auto',
  });
  throws(() => programOptions({ concurrency: 'many' as 'auto' }), { code: 'VOLLEY_CONFIG' });
  throws(() => resolve(['--threads', 'auto']), { code: 'VOLLEY_USAGE' });
});
