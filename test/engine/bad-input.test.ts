import { deepEqual, equal, match, ok } from 'node:assert/strict';
import test from 'node:test';
import { createLogger } from '../../src/record/log.ts';
import { receiverOf } from '../receiver.ts';
import { eachBroker, startEngine } from './running.ts';

const good = { url: 'https://example.com/hooks', type: 'order.updated', payload: 1 };
const withValue = (member: object) => JSON.stringify({ ...good, ...member });
const without = (member: keyof typeof good) => JSON.stringify({ ...good, [member]: undefined });

/** A JSON string of so many bytes, of characters of one to four bytes each. */
function textOf(bytes: number): string {
  const mixed = 'aé日🏐';
  const left = bytes - 2;
  const times = Math.floor(left / Buffer.byteLength(mixed));
  return `"${mixed.repeat(times)}${'x'.repeat(left - times * Buffer.byteLength(mixed))}"`;
}

/** Queue elements that cannot be delivered: what they hold, the reason of their dead letter, and what its detail names. */
const BAD: readonly [element: string | Buffer, reason: string, detail: RegExp][] = [
  ['', 'not-json', /not valid JSON/],
  ['not json', 'not-json', /not valid JSON/],
  [`${JSON.stringify(good)}x`, 'not-json', /not valid JSON/],
  [JSON.stringify(good).slice(0, -1), 'not-json', /not valid JSON/],
  ['{"url":"https://example.com","type":"t","payload":01}', 'not-json', /not valid JSON/],
  [Buffer.from([0xff, 0xfe, 0x00]), 'not-json', /UTF-8/],
  [
    Buffer.concat([
      Buffer.from(`{"url":"https://a.example","type":"t","payload":"`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]),
    'not-json',
    /UTF-8/,
  ],
  ['~3~evt_x~not json', 'not-json', /not valid JSON/],
  ['null', 'invalid-envelope', /not a JSON object/],
  ['[]', 'invalid-envelope', /not a JSON object/],
  ['"text"', 'invalid-envelope', /not a JSON object/],
  ['{}', 'invalid-envelope', /"url" is missing/],
  [without('url'), 'invalid-envelope', /"url" is missing/],
  [without('type'), 'invalid-envelope', /"type" is missing/],
  [without('payload'), 'invalid-envelope', /"payload" or "body" is missing/],
  [withValue({ url: 7 }), 'invalid-envelope', /"url" must be a string/],
  [withValue({ url: 'not a url' }), 'invalid-envelope', /"url" is not an absolute URL/],
  [withValue({ url: '/relative' }), 'invalid-envelope', /"url" is not an absolute URL/],
  [withValue({ url: 'ftp://example.com' }), 'invalid-envelope', /https:/],
  [withValue({ url: 'https://user:secret@example.com' }), 'invalid-envelope', /user name or password/],
  [withValue({ type: '' }), 'invalid-envelope', /"type"/],
  [withValue({ type: 'a\r\nx-injected: 1' }), 'invalid-envelope', /"type"/],
  [withValue({ id: 'white space' }), 'invalid-envelope', /"id"/],
  [withValue({ id: 'a\nb' }), 'invalid-envelope', /"id"/],
  [withValue({ timestamp: 'yesterday' }), 'invalid-envelope', /"timestamp"/],
  [withValue({ orderingKey: 7 }), 'invalid-envelope', /"orderingKey" must be a string/],
  [withValue({ deliverAt: '10m' }), 'invalid-envelope', /"deliverAt" must be ISO 8601/],
  [withValue({ deliverAt: 1_795_456_800_000_000 }), 'invalid-envelope', /"deliverAt" lies in the year 58865/],
  [withValue({ expiresAt: 1_795_456_800 }), 'invalid-envelope', /"expiresAt" lies in the year 1970/],
  [
    withValue({ deliverAt: 1_795_456_800_000, expiresAt: 1_795_456_800_000 }),
    'invalid-envelope',
    /"expiresAt" is not after "deliverAt"/,
  ],
  [withValue({ destination: { a: 1 } }), 'invalid-envelope', /"destination"/],
  [withValue({ headers: { host: 'other.example' } }), 'invalid-envelope', /host/],
  [withValue({ headers: { 'x-webhook-id': 'forged' } }), 'invalid-envelope', /x-webhook-id/],
  [withValue({ headers: { 'x-a': 'b\r\nx-injected: 1' } }), 'invalid-envelope', /x-a/],
  [withValue({ body: '{}' }), 'invalid-envelope', /both given/],
  [JSON.stringify({ url: good.url, type: 't', body: '{"a":' }), 'invalid-envelope', /"body"/],
  [JSON.stringify({ url: good.url, type: 't', body: { a: 1 } }), 'invalid-envelope', /"body"/],
  [`{"type":"t","type":"t",${JSON.stringify(good).slice(1)}`, 'invalid-envelope', /"type" is there twice/],
  [
    withValue({ payload: 'x'.repeat(2_097_153 - 2) }),
    'body-too-large',
    /2097153 bytes, the limit is 2097152/,
  ],
  [withValue({ payload: `${'é'.repeat((2_097_152 - 2) / 2)}x` }), 'body-too-large', /2097153 bytes/],
  [JSON.stringify({ url: good.url, type: 't', body: textOf(2_097_153) }), 'body-too-large', /2097153 bytes/],
  [withValue({ url: 'ws://example.com' }), 'invalid-envelope', /https:/],
  [withValue({ type: ['['.repeat(1)] }), 'invalid-envelope', /"type"/],
  [
    `{"headers":${'['.repeat(100_000)}${']'.repeat(100_000)},${JSON.stringify(good).slice(1)}`,
    'invalid-envelope',
    /"headers"/,
  ],
];

for (const [name, queueOf] of Object.entries(eachBroker())) {
  test(`on ${name}, each bad element becomes a dead letter that says why, and what is queued among them is delivered`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    const deep = `${'['.repeat(100_000)}1${']'.repeat(100_000)}`;
    const fine = (n: number) =>
      JSON.stringify({ id: `good-${n}`, url: `${receiver.origin}/${n}`, type: 't', payload: n });
    const batch: (string | Buffer)[] = [
      `{"id":"deep","url":"${receiver.origin}/deep","type":"t","payload":${deep}}`,
    ];
    for (const [n, [element]] of BAD.entries()) batch.push(element, fine(n));
    await queue.push(...batch);
    const { engine, settled } = await startEngine(t, queue);
    await engine.whenIdle();
    deepEqual(
      new Set(receiver.requests.map(({ headers }) => headers['x-webhook-id'])),
      new Set(['deep', ...BAD.keys().map((n) => `good-${n}`)]),
    );
    equal(receiver.requests.length, BAD.length + 1);
    ok(receiver.requests.find(({ path }) => path === '/deep')!.body.equals(Buffer.from(deep)));
    equal(settled.filter(({ kind }) => kind === 'dead').length, BAD.length);
    const letters = await queue.dead();
    equal(letters.length, BAD.length);
    for (const [element, reason, detail] of BAD) {
      // What begins like a record that Volley framed is kept as the envelope that the frame holds.
      const kept =
        typeof element === 'string' && element.startsWith('~') && name === 'Redis' ? 'not json' : element;
      const index = letters.findIndex(
        ({ envelope, reason: found }) => found === reason && envelope.equals(Buffer.from(kept)),
      );
      ok(index !== -1, `no dead letter ${reason} for ${element.toString().slice(0, 80)}`);
      const [letter] = letters.splice(index, 1);
      match(letter!.detail, detail);
      equal(letter!.attempts, element.toString().startsWith('~') && name === 'Redis' ? 3 : 0);
      equal(letter!.response, null);
      ok(!letter!.detail.includes('\n'));
    }
  });

  test(`on ${name}, an envelope whose destination cannot be read is shown as -, and none of the destination called so`, async (t) => {
    const queue = await queueOf(t);
    await queue.watch.disableDestination('-', 'command', 0);
    await queue.push('not json', { ...good, destination: '-' });
    let logged = '';
    const log = createLogger({ format: 'logfmt', stream: { write: (line) => (logged += line) } });
    const { engine } = await startEngine(t, queue, { log });
    await engine.whenIdle();
    const { dead, parked } = await queue.watch.stats();
    deepEqual({ dead, parked }, { dead: 1, parked: 1 });
    equal((await queue.dead())[0]!.destination, null);
    match(logged, / destination=- error=/);
  });

  test(`on ${name}, bodies up to 2 MiB of characters of any width pass, byte for byte, beside one that has a byte more`, async (t) => {
    const queue = await queueOf(t);
    const receiver = await receiverOf(t);
    const sizes = [2_097_151, 2_097_152, 2_097_153];
    await queue.push(
      ...sizes.flatMap((bytes) => {
        const text = textOf(bytes);
        equal(Buffer.byteLength(text), bytes);
        const event = { url: receiver.origin, type: 't' };
        return [
          `{"id":"payload-${bytes}",${JSON.stringify(event).slice(1, -1)},"payload":${text}}`,
          { ...event, id: `body-${bytes}`, body: text },
        ];
      }),
    );
    const { engine } = await startEngine(t, queue);
    await engine.whenIdle();
    const bodies = new Map(receiver.requests.map(({ headers, body }) => [headers['x-webhook-id'], body]));
    equal(receiver.requests.length, 4);
    for (const as of ['payload', 'body'])
      for (const bytes of sizes.slice(0, 2))
        ok(bodies.get(`${as}-${bytes}`)?.equals(Buffer.from(textOf(bytes))), `${as} of ${bytes} bytes`);
    deepEqual((await queue.dead()).map(({ id, reason }) => `${id} ${reason}`).sort(), [
      'body-2097153 body-too-large',
      'payload-2097153 body-too-large',
    ]);
  });

  test(`on ${name}, the same id twice is two deliveries: each has its own end`, async (t) => {
    const queue = await queueOf(t);
    let requests = 0;
    const receiver = await receiverOf(t, ({ path }) => ({
      status: path === '/fails' ? 500 : ++requests === 1 ? 503 : 200,
    }));
    const twice = (path: string, id: string) =>
      [1, 2].map((payload) => ({ id, url: `${receiver.origin}/${path}`, type: 't', payload }));
    await queue.push(...twice('recovers', 'same'), ...twice('fails', 'doomed'));
    const { engine } = await startEngine(t, queue, { retryScheduleMs: [20] });
    await engine.whenIdle();
    const arrived = receiver.requests.map(
      ({ path, headers, body }) => `${path} ${headers['x-webhook-id']} ${body}`,
    );
    for (const n of [1, 2]) {
      ok(arrived.includes(`/recovers same ${n}`));
      equal(arrived.filter((each) => each === `/fails doomed ${n}`).length, 2);
    }
    equal(arrived.length, 7, 'one of them once more than the other');
    const letters = await queue.dead();
    deepEqual(
      letters.map(({ id }) => id),
      ['doomed', 'doomed'],
    );
    equal(new Set(letters.map(({ key }) => key)).size, 2);
    deepEqual(await queue.watch.stats(), { ready: 0, leased: 0, delayed: 0, parked: 0, dead: 2 });
  });
}
