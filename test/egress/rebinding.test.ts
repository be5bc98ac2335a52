import { deepEqual, equal, match, ok } from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { inNamespace } from './namespace.ts';
import { PUBLIC_V4 } from './network.ts';
import type { Rebinding } from './scenarios/rebinding.ts';

type Scenarios = typeof import('./scenarios/rebinding.ts');

const oneByOne = (t: TestContext, rebinding: Rebinding) =>
  inNamespace<Scenarios, 'oneByOne'>(t, 'rebinding', 'oneByOne', rebinding);

const OUTSIDE = [PUBLIC_V4];
const INSIDE = ['10.0.0.1'];
const MIXED = [PUBLIC_V4, '169.254.169.254'];

test('a name that turns to an internal address is refused from then on, and nobody inside is sent a packet', async (t) => {
  const answers = [OUTSIDE, INSIDE, MIXED, ['127.0.0.1'], OUTSIDE];
  const { ends, asked, outside, inside, strays } = await oneByOne(t, {
    answers,
    ttl: 0,
    lookups: answers.length,
  });
  deepEqual(ends, ['delivered', 'url-refused', 'url-refused', 'url-refused', 'delivered']);
  // The answer that was judged is the one that is dialled: nobody asks again in between.
  equal(asked, answers.length);
  deepEqual([outside, inside, strays], [2, 0, 0]);
});

test('an answer is used for as long as its time to live, and the next one is judged anew', async (t) => {
  const { ends, outside, inside, strays } = await oneByOne(t, {
    answers: [OUTSIDE, INSIDE],
    ttl: 1,
    lookups: 2,
  });
  match(ends.join(' '), /^(?:delivered )+url-refused$/);
  ok(ends.length > 2);
  deepEqual([outside, inside, strays], [ends.length - 1, 0, 0]);
});

test('a refused answer does not outlive its time either: a name that comes back outside is delivered to', async (t) => {
  const { ends, outside, inside, strays } = await oneByOne(t, {
    answers: [INSIDE, OUTSIDE],
    ttl: 1,
    lookups: 2,
  });
  match(ends.join(' '), /^(?:url-refused )+delivered$/);
  deepEqual([outside, inside, strays], [1, 0, 0]);
});

test('a kept connection goes on to the address that was judged, whatever the name turns to', async (t) => {
  const { outside, inside, strays, delivered } = await inNamespace<Scenarios, 'onKeptConnection'>(
    t,
    'rebinding',
    'onKeptConnection',
    20,
  );
  equal(delivered, 20);
  deepEqual([outside, inside, strays], [1, 0, 0]);
});

for (const family of ['A', 'AAAA'] as const)
  test(`a name whose ${family} records flip between lookups of two threads never leads inside`, async (t) => {
    const { delivered, ended, asked, outside, inside, strays } = await inNamespace<Scenarios, 'manyAtOnce'>(
      t,
      'rebinding',
      'manyAtOnce',
      200,
      family,
    );
    equal(ended, 200);
    ok(delivered > 0 && delivered < ended, `${delivered} delivered`);
    ok(asked > 2, `${asked} lookups`);
    deepEqual([outside, inside, strays], [delivered, 0, 0]);
  });
