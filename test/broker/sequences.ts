/** The part of the conformance suite about which deliveries are of the same sequence, in ordered delivery. */
import { deepEqual, equal } from 'node:assert/strict';
import { acks, BIG_BYTES, claimCount, envelopes, type It, MANY, stats } from './broker-testing.ts';

export function sequences(it: It): void {
  it('the same key of another destination is another sequence; without a destination the URL’s origin counts', async (open) => {
    const broker = await open();
    const events = [
      { destination: 'x', orderingKey: 'k' },
      { destination: 'y', orderingKey: 'k' },
      { url: 'https://example.com/1', orderingKey: 'k' },
      { url: 'https://example.org/1', orderingKey: 'k' },
      { destination: 'x', orderingKey: 'l' },
      { destination: 'xk', orderingKey: '' },
      { url: 'https://example.com/2?q', orderingKey: 'k' },
      { destination: 'y', orderingKey: 'k', payload: { orderingKey: 'z' } },
      { url: 'https://example.org', orderingKey: 'k' },
    ];
    await broker.publish(events.map((event) => Buffer.from(JSON.stringify(event))));
    const claims = await broker.reserve(MANY, BIG_BYTES);
    deepEqual(
      claims.map(({ envelope }) => JSON.parse(String(envelope))),
      events.slice(0, 6),
    );
    await broker.settle(acks(claims));
    equal((await claimCount(broker, 3)).length, 3);
  });

  it('what looks like an ordering key and is none orders nothing', async (open) => {
    const broker = await open();
    const none = [
      '{"destination":"x","orderingKey":1}',
      '{"destination":"x","orderingKey":null}',
      '{"destination":"x","orderingKey":""}',
      '{"destination":"x","payload":{"orderingKey":"k"}}',
      '{"destination":"x","body":"{\\"orderingKey\\":\\"k\\"}"}',
      '["orderingKey","k"]',
      '"orderingKey"',
      '{"destination":"x","orderingKey":"k"',
      'no JSON "orderingKey" at all',
    ];
    await broker.publish(envelopes(...none, ...none));
    equal((await broker.reserve(MANY, BIG_BYTES)).length, 2 * none.length);
  });

  it('a key is taken as it is, wherever it stands and however it is written', async (open) => {
    const broker = await open();
    const same = [
      '{"destination":"x","orderingKey":"ключ ~/\\u0000 k","payload":{"a":[1,{"b":null}]}}',
      ' { "payload" : {"a":1e400,"n":12345678901234567890} , "orderingKey" : "ключ ~/\\u0000 k" , "destination":"x" } ',
    ];
    await broker.publish(envelopes(...same));
    for (const text of same) {
      const [claim, ...others] = await broker.reserve(MANY, BIG_BYTES);
      deepEqual([String(claim!.envelope), others], [text, []]);
      await broker.settle(acks([claim!]));
    }
    deepEqual(await broker.stats(), stats({}));
  });
}
