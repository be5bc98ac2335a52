import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { Socket } from 'node:net';
import test, { type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { EngineOptions } from '../../src/engine.ts';
import { type Receiver, rawReceiverOf, receiverOf } from '../receiver.ts';
import { newQueue, redisOfFile, startEngine } from './running.ts';

const redis = redisOfFile();

/** Absolute deadlines short enough to wait for. */
const DEADLINES = { connectTimeoutMs: 300, readTimeoutMs: 400, totalTimeoutMs: 800 };

/** What one attempt at a receiver comes to: the dead letter's detail, or the status where it was delivered. */
async function outcomeOf(
  t: TestContext,
  origin: string,
  options: Partial<EngineOptions> = {},
  payload: unknown = 1,
) {
  const queue = await newQueue(t, redis.url);
  await queue.push({ url: `${origin}/hook`, type: 't', payload });
  const { engine, settled } = await startEngine(t, queue, { retryScheduleMs: [], ...DEADLINES, ...options });
  await engine.whenIdle();
  const { inFlight, waiting } = engine.snapshot();
  deepEqual({ inFlight, waiting }, { inFlight: 0, waiting: 0 }, 'a slot is still taken');
  const [letter] = await queue.dead();
  const [end] = settled;
  await engine.stop();
  return { end: end!, detail: letter?.detail ?? '', letter };
}

/** A raw receiver that calls `misbehave` when it has the head of a request. */
const afterRequest = (t: TestContext, misbehave: (socket: Socket) => void) =>
  rawReceiverOf(t, (socket) => socket.once('data', () => misbehave(socket)));

/** Receivers that never answer rightly, and what an attempt at each is. */
const FAILING: readonly [behaviour: string, start: (t: TestContext) => Promise<Receiver>, detail: RegExp][] =
  [
    [
      'accepts and stays silent',
      (t) => rawReceiverOf(t, () => {}),
      /^read-timeout: no status \d+ ms after the request$/,
    ],
    ['resets after the request', (t) => afterRequest(t, (socket) => socket.resetAndDestroy()), /^reset: /],
    ['closes after the request', (t) => afterRequest(t, (socket) => socket.end()), /^closed: /],
    ['closes at once', (t) => rawReceiverOf(t, (socket) => socket.end()), /^(closed|reset): /],
    [
      'answers garbage',
      (t) => afterRequest(t, (socket) => socket.end('garbage\r\n\r\n')),
      /^malformed-response: /,
    ],
    [
      'answers something in another protocol',
      (t) => afterRequest(t, (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
      /^malformed-response: /,
    ],
    [
      'answers with a length and a chunked body both',
      (t) =>
        afterRequest(t, (socket) =>
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
        ),
      /^malformed-response: /,
    ],
    [
      'answers with two status lines',
      (t) =>
        afterRequest(t, (socket) =>
          socket.write('HTTP/1.1 200 OK\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
        ),
      /^malformed-response: /,
    ],
    [
      'answers with two lengths that differ',
      (t) =>
        afterRequest(t, (socket) =>
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\n'),
        ),
      /^malformed-response: /,
    ],
    [
      'answers with a status that is no number',
      (t) => afterRequest(t, (socket) => socket.write('HTTP/1.1 2OO OK\r\ncontent-length: 0\r\n\r\n')),
      /^malformed-response: /,
    ],
    [
      'answers with more than 16 KiB of headers',
      (t) =>
        afterRequest(t, (socket) => socket.write(`HTTP/1.1 200 OK\r\nx-long: ${'x'.repeat(17_000)}\r\n\r\n`)),
      /^malformed-response: /,
    ],
    [
      'switches protocols unasked',
      (t) =>
        afterRequest(t, (socket) =>
          socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
        ),
      /^(closed|malformed-response): /,
    ],
    [
      'drips a head that never ends',
      (t) => afterRequest(t, (socket) => drip(socket, 'HTTP/1.1 200 OK\r\n', 'x-drip: 1\r\n')),
      /^read-timeout: /,
    ],
    [
      'floods with 1xx',
      (t) => afterRequest(t, (socket) => drip(socket, '', 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n')),
      /^(read-timeout|malformed-response|closed|reset): /,
    ],
  ];

/** Writes `first`, and then `again` every few milliseconds until the other side has gone. */
function drip(socket: Socket, first: string, again: string): void {
  socket.write(first);
  const timer = setInterval(() => socket.write(again), 20);
  socket.on('close', () => clearInterval(timer));
}

for (const [behaviour, start, detail] of FAILING) {
  test(`a receiver that ${behaviour} costs one attempt and frees its slot`, async (t) => {
    const receiver = await start(t);
    const { end, detail: found, letter } = await outcomeOf(t, receiver.origin);
    equal(end.kind, 'dead');
    match(found, detail);
    equal(letter!.reason, 'exhausted');
    equal(letter!.attempts, 1);
    equal(receiver.accepted, 1);
  });
}

/** Receivers whose status says success, whatever they do after it. */
const SUCCEEDING: readonly [behaviour: string, misbehave: (socket: Socket) => void][] = [
  [
    'drips a body that never ends',
    (socket) => drip(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\nx\r\n'),
  ],
  [
    'promises a body that does not come',
    (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n'),
  ],
  [
    'sends a body without end as fast as it can',
    (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const pour = () => {
        while (socket.writable && socket.write('x'.repeat(65_536)));
      };
      socket.on('drain', pour);
      pour();
    },
  ],
  [
    'resets in the middle of its body',
    (socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx', () =>
        setTimeout(() => socket.resetAndDestroy(), 50),
      ),
  ],
  [
    'hints before it answers',
    (socket) =>
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
  ],
];

for (const [behaviour, misbehave] of SUCCEEDING) {
  test(`a receiver that says 200 and ${behaviour} has been delivered to`, async (t) => {
    const receiver = await afterRequest(t, misbehave);
    const { end } = await outcomeOf(t, receiver.origin);
    deepEqual([end.kind, end.status], ['delivered', 200]);
    equal(receiver.accepted, 1);
  });
}

test('an answer that comes before a large body has been read counts', async (t) => {
  const receiver = await afterRequest(t, (socket) => {
    socket.pause();
    socket.end('HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  });
  const { end } = await outcomeOf(t, receiver.origin, {}, 'x'.repeat(2_000_000));
  deepEqual([end.kind, end.status], ['dead', 413]);
});

for (const [status, kind] of [
  [200, 'delivered'],
  [413, 'dead'],
] as const)
  test(`a ${status} that comes before a large body has been read counts, though the connection is reset`, async (t) => {
    const receiver = await afterRequest(t, (socket) => {
      // The rest of the body is never read, so that it is still being written when the reset comes.
      socket.pause();
      socket.write(`HTTP/1.1 ${status} So\r\ncontent-length: 0\r\n\r\n`, () =>
        setTimeout(() => socket.resetAndDestroy(), 50),
      );
    });
    const { end, letter } = await outcomeOf(t, receiver.origin, {}, 'x'.repeat(2_097_150));
    deepEqual([end.kind, end.status], [kind, status]);
    equal(receiver.accepted, 1);
    if (letter !== undefined) equal(letter.response!.status, status);
  });

test('an answer that comes together with a reset in the middle of a large body is an outcome that costs one attempt', async (t) => {
  const receiver = await afterRequest(t, (socket) => {
    socket.pause();
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    socket.resetAndDestroy();
  });
  const { end, letter } = await outcomeOf(t, receiver.origin, {}, 'x'.repeat(2_097_150));
  // The reset may take the answer with it.
  if (end.kind === 'delivered') equal(end.status, 200);
  else deepEqual([end.kind, letter!.attempts], ['dead', 1]);
});

test('an answer that is compressed is not inflated: what is kept are its bytes as they came', async (t) => {
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  ok(bomb.length > 4_096);
  const receiver = await afterRequest(t, (socket) => {
    socket.write(`HTTP/1.1 500 No\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`);
    socket.write(bomb);
  });
  const { letter } = await outcomeOf(t, receiver.origin);
  equal(letter!.response!.body, bomb.subarray(0, 4_096).toString());
});

test('an answer that a new connection begins with is its request’s, as early ones are; the one too many after it is nobody’s', async (t) => {
  const closed: Promise<void>[] = [];
  const receiver = await rawReceiverOf(t, (socket) => {
    closed.push(new Promise((resolve) => socket.once('close', () => resolve())));
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    // Late enough for the first answer to have been taken, and the connection to be idle.
    socket.once('data', () =>
      setTimeout(() => socket.write('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n'), 50),
    );
  });
  const queue = await newQueue(t, redis.url);
  const running = await startEngine(t, queue, { retryScheduleMs: [], ...DEADLINES, threads: 1 });
  for (const n of [1, 2]) {
    await queue.push({ url: receiver.origin, type: 't', payload: n });
    await running.until(() => running.settled.length === n);
    await closed.at(-1);
  }
  deepEqual(
    running.settled.map(({ kind, status }) => [kind, status]),
    [
      ['delivered', 200],
      ['delivered', 200],
    ],
  );
  equal(receiver.accepted, 2, 'a connection that speaks unasked is not used again');
});

test('of an answer only the first 4 KiB are kept, and no more than 64 KiB are read', async (t) => {
  const receiver = await receiverOf(t, () => ({ status: 500, body: 'y'.repeat(10_000_000) }));
  const { letter } = await outcomeOf(t, receiver.origin);
  equal(letter!.response!.status, 500);
  equal(letter!.response!.body, 'y'.repeat(4_096));
});

test('a port where nobody listens is refused', async (t) => {
  const receiver = await receiverOf(t);
  await receiver.close();
  match((await outcomeOf(t, receiver.origin)).detail, /^connect-refused: /);
});

test('a name that does not exist is a failure of DNS', async (t) => {
  match((await outcomeOf(t, 'http://no-such-host.invalid:8080')).detail, /^dns: /);
});

test('a certificate that nobody vouches for is not delivered to', async (t) => {
  const receiver = await receiverOf(t, undefined, { tls: true });
  match((await outcomeOf(t, receiver.origin)).detail, /^tls: /);
  equal(receiver.requests.length, 0);
});

test('a receiver that does not shake hands is given up after the connect time-out', async (t) => {
  const receiver = await rawReceiverOf(t, () => {}, 'https');
  match((await outcomeOf(t, receiver.origin)).detail, /^connect-timeout: /);
});

test('plain HTTP where TLS is expected is a TLS failure', async (t) => {
  const receiver = await receiverOf(t);
  match((await outcomeOf(t, receiver.origin.replace('http:', 'https:'))).detail, /^tls: /);
});

test('an answer sent on an idle connection is never taken for the next request’s', async (t) => {
  let requests = 0;
  const receiver = await rawReceiverOf(t, (socket) => {
    socket.on('data', () => {
      requests++;
      // One answer too many on the first connection.
      const ok200 = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
      if (requests === 1) socket.write(ok200 + ok200);
      else socket.write('HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n');
    });
  });
  const queue = await newQueue(t, redis.url);
  const running = await startEngine(t, queue, { retryScheduleMs: [], ...DEADLINES, threads: 1 });
  const send = async (n: number) => {
    await queue.push({ id: `n${n}`, url: receiver.origin, type: 't', payload: n });
    await running.until(() => running.settled.length === n);
  };
  await send(1);
  await send(2);
  deepEqual(
    running.settled.map(({ kind, status }) => [kind, status]),
    [
      ['delivered', 200],
      ['dead', 500],
    ],
  );
});

test('a hanging destination does not hold up the others', async (t) => {
  const hanging = await rawReceiverOf(t, () => {});
  const healthy = await receiverOf(t);
  const queue = await newQueue(t, redis.url);
  const envelope = (url: string, destination: string) => ({ url, type: 't', payload: 1, destination });
  for (let n = 0; n < 20; n++)
    await queue.push(
      ...Array.from({ length: 10 }, () => envelope(hanging.origin, 'hanging')),
      ...Array.from({ length: 10 }, (_, i) => envelope(healthy.origin, `healthy-${i}`)),
    );
  const totalTimeoutMs = 15_000;
  const times = { connectTimeoutMs: 10_000, readTimeoutMs: totalTimeoutMs, totalTimeoutMs };
  const { engine, settled, until } = await startEngine(t, queue, { ...times, concurrency: 8 });
  const delivered = () => settled.filter(({ kind }) => kind === 'delivered').length;
  await until(() => delivered() === 200 || settled.some(({ destination }) => destination === 'hanging'));
  equal(delivered(), 200, 'delivered before the first hanging attempt came to its end');
  await engine.stop({ immediately: true });
  const { ready } = await queue.watch.stats();
  equal(ready, 200);
  ok(hanging.accepted > 0);
});
