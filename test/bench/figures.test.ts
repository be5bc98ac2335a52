import { deepEqual, equal, throws } from 'node:assert/strict';
import test from 'node:test';
import { parseFlags } from '../../bench/flags.ts';
import { orderPayload } from '../../bench/payload.ts';
import { medianRatio, spread } from '../../bench/statistics.ts';
import { table } from '../../bench/table.ts';

test('a spread has the middle value, or the mean of the two in the middle', () => {
  deepEqual(spread([5, 1, 9]), { median: 5, min: 1, max: 9 });
  equal(spread([4, 1, 9, 2]).median, 3);
});

test('a ratio is the median of those within each round, not the ratio of medians', () => {
  equal(medianRatio([10, 100, 30], [10, 50, 10]), 2);
  equal(medianRatio([10], undefined), null);
});

test('a payload has exactly the bytes asked for, and the same seed gives the same one', () => {
  for (const bodyBytes of [600, 1_024, 65_536])
    for (let seed = 1; seed <= 64; seed += 1)
      equal(Buffer.byteLength(JSON.stringify(orderPayload(seed, bodyBytes))), bodyBytes);
  deepEqual(orderPayload(7, 1_024), orderPayload(7, 1_024));
});

test('a wrong flag is refused with a line that names it', () => {
  const refused = (args: string[], message: RegExp) =>
    throws(() => parseFlags(args), { code: 'VOLLEY_USAGE', message });
  refused(['--cases', 'http-7'], /--cases: there is no "http-7", choose from http-1, /);
  refused(['--contenders', 'raw,bull'], /--contenders: there is no "bull", choose from raw, /);
  refused(['--rounds', '0'], /--rounds: "0" is not a whole number from 1 to 100/);
  refused(['--fast'], /--fast/);
});

test('columns are aligned, the first to the left', () => {
  equal(
    table(
      ['', 'rate'],
      [
        ['raw', '9'],
        ['volley', '1 000'],
      ],
      (line) => line,
    ),
    ['         rate', 'raw         9', 'volley  1 000'].join('\n'),
  );
});
