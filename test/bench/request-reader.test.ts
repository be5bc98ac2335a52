import { deepEqual, equal, throws } from 'node:assert/strict';
import test from 'node:test';
import { RequestReader } from '../../bench/receiver/request-reader.ts';

const post = (body: string) =>
  `POST /hooks HTTP/1.1\r\nhost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('requests are found, and bodies kept, however the bytes are cut', () => {
  const bytes = Buffer.from(
    `${post('{"a":1}')}${post('')}GET / HTTP/1.1\r\nhost: a\r\n\r\n${post('x'.repeat(300))}`,
  );
  for (let size = 1; size <= bytes.length; size += 1) {
    const bodies: string[] = [];
    const reader = new RequestReader({
      onRequest: (_head, body) => bodies.push(body.toString()),
      keepBodies: true,
    });
    for (let at = 0; at < bytes.length; at += size) reader.read(bytes.subarray(at, at + size));
    deepEqual(bodies, ['{"a":1}', '', '', 'x'.repeat(300)], `cut into ${size} bytes`);
  }
});

test('a request counts when its last byte is there, not before', () => {
  const heads: string[] = [];
  const reader = new RequestReader({ onRequest: (head) => heads.push(head) });
  const bytes = Buffer.from(post('{"a":1}'));
  reader.read(bytes.subarray(0, -1));
  equal(heads.length, 0);
  reader.read(bytes.subarray(-1));
  deepEqual(heads, ['POST /hooks HTTP/1.1\r\nhost: a\r\nContent-Length: 7']);
});

test('a head without an end is refused', () => {
  const reader = new RequestReader({ onRequest: () => {} });
  throws(() => reader.read(Buffer.alloc(70_000, 'a')), RangeError);
});
