import { equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { EventStream } from '../../src/cli/publish-stream.ts';
import { VolleyError } from '../../src/errors.ts';

const line = (n: number) =>
  Buffer.from(`${JSON.stringify({ url: 'https://example.com/hooks', type: 't', payload: n })}\n`);

/** Lines that come one by one. */
async function* input(count: number): AsyncGenerator<Buffer> {
  for (let n = 1; n <= count; n++) yield line(n);
}

test('lines behind one that failed are not said to be queued, though they are', async () => {
  const failing = Promise.withResolvers<void>();
  let calls = 0;
  const stream = new EventStream({
    async publish() {
      calls++;
      if (calls !== 3) return;
      await failing.promise;
    },
  });
  const published = stream.publishAll(input(5));
  setImmediate(() => failing.reject(new VolleyError('VOLLEY_BROKER_UNAVAILABLE', 'Redis is full')));
  await rejects(published, {
    code: 'VOLLEY_BROKER_UNAVAILABLE',
    message: 'Redis is full; the first 2 lines are known to be queued',
  });
  equal(calls > 3, true, 'others were under way');
});
