import { deepEqual, equal, throws } from 'node:assert/strict';
import test from 'node:test';
import { count, decimal } from '../../bench/figures.ts';
import { parseFlags } from '../../bench/flags.ts';
import {
  encodeHistogram,
  latencyFigures,
  mergeHistograms,
  newHistogram,
  record,
} from '../../bench/histogram.ts';
import { parseFlags as isolationFlags } from '../../bench/isolation/flags.ts';
import { orderPayload } from '../../bench/payload.ts';
import { commandsBetween, parseCommands } from '../../bench/start/commands.ts';
import { medianRatio, ratiosToNeighbours, spread, verdict } from '../../bench/statistics.ts';
import { table } from '../../bench/table.ts';

test('a spread has the middle value, or the mean of the two in the middle', () => {
  deepEqual(spread([5, 1, 9]), { median: 5, min: 1, max: 9 });
  equal(spread([4, 1, 9, 2]).median, 3);
});

test('a ratio is the median of those within each round, not the ratio of medians', () => {
  equal(medianRatio([10, 100, 30], [10, 50, 10]), 2);
  equal(medianRatio([10], undefined), null);
});

test('a run is compared with those before and after it', () => {
  deepEqual(ratiosToNeighbours([10, 30, 20, 40]), [10 / 30, 2, 20 / 35, 2]);
  deepEqual(ratiosToNeighbours([10]), [1]);
});

test('a goal is reached or missed only beyond the noise', () => {
  const most = { limit: 1.5, wanted: 'most' } as const;
  const least = { limit: 0.95, wanted: 'least' } as const;
  const noise = { median: 1, min: 0.9, max: 1.2 };
  deepEqual(
    [1.2, 1.4, 1.7, 1.9].map((ratio) => verdict(ratio, most, noise)),
    ['reached', 'within-noise', 'within-noise', 'missed'],
  );
  const quiet = { median: 1, min: 0.999, max: 1.001 };
  deepEqual(
    [0.9, 0.96].map((ratio) => verdict(ratio, least, quiet)),
    ['missed', 'reached'],
  );
});

test('histograms of several processes make one', () => {
  const [one, other] = [newHistogram(), newHistogram()];
  record(one, 1_000, 98);
  record(other, 50_000);
  record(other, 9e12);
  const { count, p50, p99, max } = latencyFigures(mergeHistograms([one, other].map(encodeHistogram)));
  deepEqual([count, Math.round(p50), Math.round(p99)], [100, 1, 50]);
  equal(max >= 3_590_000, true);
});

test('commands between two readings of Redis are counted by name, without the reading', () => {
  const before = parseCommands(
    '# Commandstats\r\ncmdstat_info:calls=1,usec=3\r\ncmdstat_get:calls=5,usec=1\r\n',
  );
  const after = parseCommands(
    'cmdstat_info:calls=2,usec=9\r\ncmdstat_get:calls=7,usec=2\r\ncmdstat_client|setname:calls=1,usec=1\r\n',
  );
  deepEqual(commandsBetween(before, after), { get: 2, 'client|setname': 1 });
});

test('figures are as exact as they are large', () => {
  deepEqual([0.123, 12.34, 1_234.5].map(decimal), ['0.12', '12.3', '1 235']);
  equal(count(1_234_567), '1 234 567');
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
  throws(() => isolationFlags(['--cases', 'hang,noisy']), {
    code: 'VOLLEY_USAGE',
    message: /--cases: there is no "noisy", choose from hang, /,
  });
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
