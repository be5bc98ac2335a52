import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { isRejection } from '../../src/delivery/envelope.ts';
import { eventOf, readLines } from '../../src/publish/lines.ts';

async function* chunksOf(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(text: string, chunkBytes: number, maxBytes = 100): Promise<[number, string | null][]> {
  const lines: [number, string | null][] = [];
  for await (const batch of readLines(chunksOf(text, chunkBytes), maxBytes))
    for (const { number, bytes } of batch) lines.push([number, bytes?.toString() ?? null]);
  return lines;
}

test('a stream is cut into the same lines wherever its chunks end', async () => {
  const expected: [number, string][] = [
    [1, 'eins'],
    [2, ''],
    [3, 'zwölf\r'],
    [4, 'ohne Ende'],
  ];
  for (let size = 1; size < 30; size++)
    deepEqual(await linesOf('eins\n\nzwölf\r\nohne Ende', size), expected);
});

test('a line that is too long is dropped, and counted', async () => {
  for (let size = 1; size < 30; size++)
    deepEqual(await linesOf(`12345\n${'x'.repeat(20)}\n123456\n1\n${'y'.repeat(9)}`, size, 5), [
      [1, '12345'],
      [2, null],
      [3, null],
      [4, '1'],
      [5, null],
    ]);
});

test('an envelope read as an event keeps every digit of its payload', () => {
  const event = eventOf(
    Buffer.from('{"url":"https://a.example/x","type":"t","payload":{"n":12345678901234567890, "b":1.0}}'),
    'evt_minted',
  );
  ok(!isRejection(event));
  const { body, ...rest } = event;
  equal(String(body), '{"n":12345678901234567890,"b":1.0}');
  deepEqual(rest, {
    id: 'evt_minted',
    url: 'https://a.example/x',
    type: 't',
    destination: 'https://a.example',
  });
});

test('an envelope read as an event keeps its id, destination, order, times and headers', () => {
  const event = eventOf(
    Buffer.from(
      '{"url":"https://a.example","type":"t","payload":1,"id":"i","destination":"d","timestamp":"2026-11-23T18:00:00Z","orderingKey":"k","deliverAt":"2026-11-23T19:00:00Z","expiresAt":1795464000000,"headers":{"__proto__":"1","x-a":"b"}}',
    ),
    'evt_minted',
  );
  ok(!isRejection(event));
  const { id, destination, orderingKey, timestamp, deliverAt, expiresAt } = event;
  deepEqual([id, destination, orderingKey], ['i', 'd', 'k']);
  deepEqual(
    [timestamp, deliverAt, expiresAt],
    [18, 19, 20].map((hour) => Date.UTC(2026, 10, 23, hour)),
  );
  deepEqual(Object.entries(event.headers!), [
    ['__proto__', '1'],
    ['x-a', 'b'],
  ]);
});
