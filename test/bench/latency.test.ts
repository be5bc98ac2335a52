import { deepEqual, equal } from 'node:assert/strict';
import test from 'node:test';
import { seededRandom } from '../../bench/random.ts';
import {
  answerBytes,
  delayMsOf,
  type Fate,
  fateOf,
  isDelivery,
  type Reaction,
} from '../../bench/receiver/behaviour.ts';
import { type Latency, sampleMs } from '../../bench/receiver/latency.ts';

const SAMPLES = 20_000;

/** The value at a percentile of many samples. */
function percentileOf(latency: Latency): (percentile: number) => number {
  const random = seededRandom(1);
  const samples = Array.from({ length: SAMPLES }, () => sampleMs(latency, random)).sort((a, b) => a - b);
  return (percentile) => samples[Math.floor((percentile / 100) * SAMPLES)]!;
}

const near = (value: number, wanted: number, share: number) =>
  equal(Math.abs(value / wanted - 1) <= share, true, `${value} is not about ${wanted}`);

test('a fixed latency is that, whatever chance says', () => {
  equal(sampleMs({ kind: 'fixed', ms: 7 }, seededRandom(3)), 7);
});

test('a lognormal latency has the median and the 99th percentile that were asked for', () => {
  const at = percentileOf({ kind: 'lognormal', medianMs: 20, p99Ms: 200 });
  near(at(50), 20, 0.03);
  near(at(99), 200, 0.1);
  equal(at(0) > 0, true);
});

test('a latency of percentiles goes through all its points, and ends at the outer ones', () => {
  const at = percentileOf({
    kind: 'percentiles',
    points: [
      [10, 5],
      [50, 10],
      [90, 50],
      [99, 1_000],
    ],
  });
  deepEqual([at(0), at(99.9)], [5, 1_000]);
  near(at(30), 7.5, 0.03);
  near(at(50), 10, 0.03);
  near(at(90), 50, 0.1);
});

test('jitter is added to the latency, up to what was asked for', () => {
  const answer = { kind: 'answer', latency: { kind: 'fixed', ms: 10 }, jitterMs: 4 } as const;
  equal(
    delayMsOf(answer, () => 0),
    10,
  );
  equal(
    delayMsOf(answer, () => 0.5),
    12,
  );
  equal(
    delayMsOf({ kind: 'answer' }, () => 0.5),
    0,
  );
});

test('a flaky receiver does otherwise for its share of the requests', () => {
  const reaction: Reaction = {
    kind: 'flaky',
    share: 0.2,
    usually: { kind: 'answer' },
    otherwise: { kind: 'reset' },
  };
  const random = seededRandom(5);
  const fates = Array.from({ length: SAMPLES }, () => fateOf(reaction, random).kind);
  near(fates.filter((kind) => kind === 'reset').length / SAMPLES, 0.2, 0.05);
});

test('only an answer of 2xx is a delivery', () => {
  const delivered = (fate: Fate) => isDelivery(fate);
  deepEqual(
    [
      delivered({ kind: 'answer' }),
      delivered({ kind: 'answer', status: 204 }),
      delivered({ kind: 'answer', status: 302 }),
      delivered({ kind: 'hang' }),
      delivered({ kind: 'drip', everyMs: 1, bodyBytes: 1 }),
    ],
    [true, true, false, false, false],
  );
});

test('an answer says when to come again', () => {
  equal(
    answerBytes({ kind: 'answer', status: 429, retryAfterSeconds: 3 }).toString(),
    'HTTP/1.1 429 Mock\r\nretry-after: 3\r\ncontent-length: 0\r\n\r\n',
  );
});
