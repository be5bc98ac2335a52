import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '../../src/publish/outbox.ts';

/** An outbox whose batches are kept, and end when the test says so. */
function heldOutbox() {
  const batches: { envelopes: string[]; answer: PromiseWithResolvers<void> }[] = [];
  const { promise: first, resolve: sent } = Promise.withResolvers<void>();
  const outbox = new Outbox((envelopes) => {
    const answer = Promise.withResolvers<void>();
    batches.push({ envelopes: envelopes.map(String), answer });
    sent();
    return answer.promise;
  });
  return { outbox, batches, first };
}

/** An outbox whose batches succeed at once; answers the sizes of its batches. */
function openOutbox() {
  const batches: Buffer[][] = [];
  const outbox = new Outbox(async (envelopes) => {
    batches.push([...envelopes]);
  });
  return { outbox, batches, counts: () => batches.map(({ length }) => length) };
}

const envelopes = (count: number, bytes = 1) => Array.from({ length: count }, () => Buffer.alloc(bytes, 'x'));
const text = (...names: string[]) => names.map((name) => Buffer.from(name));

test('what is added in one turn of the event loop goes in one batch, in order', async () => {
  const { outbox, batches } = openOutbox();
  const added = [outbox.add(text('a')), outbox.add(text('b', 'c'))];
  await Promise.resolve();
  added.push(outbox.add(text('d')));
  await Promise.all(added);
  deepEqual(
    batches.map((batch) => batch.map(String)),
    [['a', 'b', 'c', 'd']],
  );
});

test('one batch is in flight at a time, and what comes meanwhile waits for the next', async () => {
  const { outbox, batches, first } = heldOutbox();
  const added = [outbox.add(text('a'))];
  await first;
  added.push(outbox.add(text('b')), outbox.add(text('c')));
  equal(batches.length, 1);
  batches[0]!.answer.resolve();
  await added[0];
  deepEqual(
    batches.map((batch) => batch.envelopes),
    [['a'], ['b', 'c']],
  );
  batches[1]!.answer.resolve();
  await Promise.all(added);
});

test('a batch has at most 500 envelopes and 1 MiB, but for one envelope that is larger', async () => {
  const { outbox, counts } = openOutbox();
  await outbox.add(envelopes(1_201));
  deepEqual(counts(), [500, 500, 201]);
  await outbox.add(envelopes(5, 400_000));
  deepEqual(counts().slice(3), [2, 2, 1]);
  await outbox.add([...envelopes(1, 10), ...envelopes(1, 3_000_000), ...envelopes(1, 10)]);
  deepEqual(counts().slice(6), [1, 1, 1]);
});

test('what fits one batch is not divided among two', async () => {
  const { outbox, counts } = openOutbox();
  await Promise.all([outbox.add(envelopes(300)), outbox.add(envelopes(300)), outbox.add(envelopes(100))]);
  deepEqual(counts(), [300, 400]);
});

test('a batch that fails rejects those in it, and no other', async () => {
  const { outbox, batches, first } = heldOutbox();
  const [a, b] = [outbox.add(text('a')), outbox.add(text('b'))];
  await first;
  const c = outbox.add(text('c'));
  const [aFails, bFails] = [rejects(a, /refused/), rejects(b, /refused/)];
  batches[0]!.answer.reject(new Error('refused'));
  await Promise.all([aFails, bFails]);
  batches[1]!.answer.resolve();
  await c;
});

test('nothing added is done at once, and draining waits for what is on its way', async () => {
  const { outbox, batches, first } = heldOutbox();
  await outbox.add([]);
  await outbox.drain();
  let isDrained = false;
  const added = outbox.add(text('a'));
  const drained = outbox.drain().then(() => {
    isDrained = true;
  });
  await first;
  equal(isDrained, false);
  batches[0]!.answer.resolve();
  await Promise.all([added, drained]);
});
