import { equal, throws } from 'node:assert/strict';
import test from 'node:test';
import { RequestReader } from '../../bench/receiver/request-reader.ts';

const post = (body: string) =>
  `POST /hooks HTTP/1.1\r\nhost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test('requests are counted however the bytes are cut', () => {
  const bytes = Buffer.from(
    `${post('{"a":1}')}${post('')}GET / HTTP/1.1\r\nhost: a\r\n\r\n${post('x'.repeat(300))}`,
  );
  for (let size = 1; size <= bytes.length; size += 1) {
    const reader = new RequestReader();
    let completed = 0;
    for (let at = 0; at < bytes.length; at += size) completed += reader.read(bytes.subarray(at, at + size));
    equal(completed, 4, `cut into ${size} bytes`);
  }
});

test('a request counts when its last byte is there, not before', () => {
  const reader = new RequestReader();
  const bytes = Buffer.from(post('{"a":1}'));
  equal(reader.read(bytes.subarray(0, -1)), 0);
  equal(reader.read(bytes.subarray(-1)), 1);
});

test('a head without an end is refused', () => {
  throws(() => new RequestReader().read(Buffer.alloc(70_000, 'a')), RangeError);
});
