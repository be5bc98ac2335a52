import { deepEqual, equal, match } from 'node:assert/strict';
import test from 'node:test';
import { isBusy, noiseLines, noiseOf, undecided, verdictWithin } from '../../bench/noise.ts';

const steady = (value: number) => ({ median: 1, min: 1 / value, max: value });
const RATIOS = { rate: 0.97, cpu: 1.3, none: null };

test('a machine is busy when more than half of its cores were', () => {
  equal(isBusy({ loadAverage: 1.1, cores: 2 }), true);
  equal(isBusy({ loadAverage: 1, cores: 2 }), false);
});

test('noise is how far rounds are from those around them, whichever of the series it is', () => {
  deepEqual(
    noiseOf([
      [100, 100, 100],
      [50, 60, 50],
    ]),
    { median: 1, min: 5 / 6, max: 1.2 },
  );
});

test('fewer than three rounds tell no noise, and then nothing is a difference', () => {
  equal(noiseOf([[100, 50], [1]]), null);
  deepEqual(
    undecided(RATIOS, () => null),
    ['rate', 'cpu'],
  );
  equal(verdictWithin(9, { limit: 1, wanted: 'least' }, null), 'within-noise');
  match(noiseLines({ rate: null }).join(), /not known of fewer than 3 rounds.*no winner/);
});

test('a ratio that noise alone comes to has no winner', () => {
  deepEqual(
    undecided(RATIOS, () => steady(1.05)),
    ['rate'],
  );
  deepEqual(
    undecided(RATIOS, (name) => steady(name === 'cpu' ? 1.5 : 1.01)),
    ['cpu'],
  );
  const [noise, winner, unsteady] = noiseLines({ rate: steady(1.3), CPU: null }, ['rate']);
  match(noise!, /rate 0\.77 to 1\.30\.$/);
  match(winner!, /no winner called by: rate\.$/);
  match(unsteady!, /^Rounds differ by more than 25 %/);
  equal(noiseLines({ rate: steady(1.1) }).length, 1);
});
