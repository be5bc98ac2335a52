import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { Socket } from 'node:net';
import test from 'node:test';
import { rawReceiverOf, receiverOf } from '../receiver.ts';
import { attempting } from './attempting.ts';

const ACCEPTED = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** Does what the nth request on the nth connection is to meet; each request comes in one chunk. */
type Script = (socket: Socket, request: number, connection: number) => void;

function scripted(script: Script): (socket: Socket) => void {
  let connections = 0;
  return (socket) => {
    const connection = ++connections;
    let requests = 0;
    socket.on('data', () => script(socket, ++requests, connection));
  };
}

for (const [how, close] of [
  ['closes', (socket: Socket) => socket.end()],
  ['resets', (socket: Socket) => socket.resetAndDestroy()],
] as const)
  test(`a kept connection that its receiver ${how} as the next request comes costs no attempt`, async (t) => {
    const receiver = await rawReceiverOf(
      t,
      scripted((socket, request) => (request === 1 ? socket.write(ACCEPTED) : close(socket))),
    );
    const { attempt } = attempting(t);
    for (let n = 1; n <= 5; n++)
      deepEqual(await attempt(receiver.origin), { kind: 'delivered', status: 200 });
    equal(receiver.accepted, 5, 'each on a fresh connection, after the kept one was closed');
  });

test('a fresh connection that is closed without an answer is not tried again', async (t) => {
  const receiver = await rawReceiverOf(
    t,
    scripted((socket) => socket.end()),
  );
  const outcome = await attempting(t).attempt(receiver.origin);
  equal(outcome.kind, 'broken');
  equal(receiver.accepted, 1);
});

test('it is tried again once: when the fresh connection is closed too, that is the outcome', async (t) => {
  const receiver = await rawReceiverOf(
    t,
    scripted((socket, request, connection) =>
      connection === 1 && request === 1 ? socket.write(ACCEPTED) : socket.resetAndDestroy(),
    ),
  );
  const { attempt } = attempting(t);
  equal((await attempt(receiver.origin)).kind, 'delivered');
  const outcome = await attempt(receiver.origin);
  equal(outcome.kind, 'broken');
  equal(receiver.accepted, 2);
});

test('a kept connection that breaks after the first byte of an answer is not tried again', async (t) => {
  const receiver = await rawReceiverOf(
    t,
    scripted((socket, request) => {
      if (request === 1) socket.write(ACCEPTED);
      else socket.write('HTTP/1.1 2', () => setImmediate(() => socket.resetAndDestroy()));
    }),
  );
  const { attempt } = attempting(t);
  equal((await attempt(receiver.origin)).kind, 'delivered');
  equal((await attempt(receiver.origin)).kind, 'broken');
  equal(receiver.accepted, 1);
});

test('a kept connection that is closed when the receiver has had time to work on the request is not tried again', async (t) => {
  const receiver = await rawReceiverOf(
    t,
    scripted((socket, request) => {
      if (request === 1) socket.write(ACCEPTED);
      else setTimeout(() => socket.end(), 700);
    }),
  );
  const { attempt } = attempting(t);
  equal((await attempt(receiver.origin)).kind, 'delivered');
  equal((await attempt(receiver.origin)).kind, 'broken');
  equal(receiver.accepted, 1);
});

test('a receiver that resets each connection as soon as it stands is broken or unreachable, never refused', async (t) => {
  const receiver = await rawReceiverOf(t, (socket) => socket.resetAndDestroy());
  const { attempt } = attempting(t);
  const outcomes = await Promise.all(Array.from({ length: 2_000 }, () => attempt(receiver.origin)));
  const kinds = new Set(outcomes.map(({ kind }) => kind));
  ok(kinds.has('broken') || kinds.has('unreachable'));
  ok(!kinds.has('refused'));
});

test('a receiver that speaks as soon as it is connected to is connected to twice at most for one attempt', async (t) => {
  const receiver = await rawReceiverOf(t, (socket) => socket.write('220 mail ready\r\n'));
  const { attempt } = attempting(t);
  for (let n = 0; n < 20; n++) {
    const before = receiver.accepted;
    const { kind } = await attempt(receiver.origin);
    ok(kind === 'broken' || kind === 'unreachable', kind);
    ok(receiver.accepted - before <= 2);
  }
});

test('more than 16 informational responses end the attempt at once, and the connection with it', async (t) => {
  const hints = (count: number) => 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(count);
  for (const [count, expected] of [
    [16, 'delivered'],
    [17, 'broken'],
    [100_000, 'broken'],
  ] as const) {
    let closed: Promise<unknown> | undefined;
    const receiver = await rawReceiverOf(
      t,
      scripted((socket) => {
        closed = new Promise((resolve) => socket.once('close', resolve));
        socket.write(hints(count) + ACCEPTED);
      }),
    );
    const outcome = await attempting(t).attempt(receiver.origin);
    equal(outcome.kind, expected, `${count}`);
    if (outcome.kind !== 'broken') continue;
    match(outcome.error, /more than 16 informational responses/);
    await closed;
  }
});

for (const [what, totalMs, head, rest] of [
  ['goes on for more than 64 KiB', 600_000, 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(70_000)],
  ['does not end before the attempt must', 300, 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n', 'x'],
] as const)
  test(`an answer whose body ${what} is taken as it began, and its connection is closed`, async (t) => {
    const closed: Promise<unknown>[] = [];
    const receiver = await rawReceiverOf(
      t,
      scripted((socket) => {
        closed.push(new Promise((resolve) => socket.once('close', resolve)));
        socket.write(head + rest);
      }),
    );
    const timeouts = { connectMs: totalMs, readMs: totalMs, totalMs };
    const { attempt } = attempting(t, { timeouts });
    for (const nth of [1, 2]) {
      deepEqual(await attempt(receiver.origin), { kind: 'delivered', status: 200 });
      await closed[nth - 1];
      equal(receiver.accepted, nth);
    }
  });

test('in a steady run more than 99 of 100 requests go over a kept connection', async (t) => {
  const receiver = await receiverOf(t, undefined, { keep: false });
  const { attempt } = attempting(t, { slots: 4 });
  const REQUESTS = 2_000;
  let left = REQUESTS;
  const lane = async () => {
    while (left-- > 0) equal((await attempt(receiver.origin)).kind, 'delivered');
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  ok(receiver.accepted < REQUESTS / 100, `${receiver.accepted} connections`);
});

test('a receiver that asks for it gets a new connection for each request, and no request fails', async (t) => {
  const receiver = await receiverOf(t, () => ({ status: 200, headers: { connection: 'close' } }));
  const { attempt } = attempting(t, { slots: 40 });
  const outcomes = await Promise.all(Array.from({ length: 40 }, () => attempt(receiver.origin)));
  deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['delivered']));
  equal(receiver.accepted, 40);
});

test('a thread keeps to its number of sockets: the longest unused gives way', async (t) => {
  const receivers = await Promise.all(Array.from({ length: 12 }, () => receiverOf(t)));
  const { attempt } = attempting(t, { slots: 2, sockets: 4 });
  for (const round of [1, 2]) {
    for (const { origin } of receivers) equal((await attempt(origin)).kind, 'delivered');
    deepEqual(
      receivers.map(({ accepted }) => accepted),
      receivers.map(() => round),
    );
  }
  // The last four are still connected.
  for (const { origin } of receivers.slice(-4)) await attempt(origin);
  deepEqual(
    receivers.map(({ accepted }) => accepted),
    receivers.map(() => 2),
  );
});
